//! The catalog beside a list of services that others made: which it knows, under whose name, for which need, and in
//! which role.
//!
//! Two of its judgements are of words and can be wrong: whether two names speak of one service ([`super::alike`]), and
//! what is a service's own domain, which is a strong row where the list says so (`evidence`), else a registrable one; but
//! none below a suffix that the public suffix list gives away: there the domain is its customer's.

use std::path::Path;

use elsewhere_catalog::{Catalog, Role, Verdict};

use super::{
    alike::{Likeness, likeness},
    csv,
};
use crate::{
    figures::percent,
    table::{Goal, Table},
};

/// Domains that so many public lists hold are the head, where the list says in how many each is (`lists`) and not which
/// they are (`head`).
const HEAD_LISTS: u32 = 3;

const HEAD_RECALL_GOAL: f64 = 90.0;
const RECALL_GOAL: f64 = 70.0;
const OTHER_VENDOR_GOAL: f64 = 0.5;
const NEED_GOAL: f64 = 97.0;

/// A row of the list.
struct Listed {
    line: usize,
    domain: String,
    service: String,
    need: String,
    own: bool,
    head: bool,
}

/// What a list came to.
#[derive(Default)]
struct Score {
    all: u64,
    head: u64,
    /// Under its own name or its vendor's.
    found: u64,
    head_found: u64,
    as_service: u64,
    other_vendor: u64,
    need_right: u64,
    own: u64,
    own_not_own: u64,
}

/// Asks for every domain of the list; adds the rows and says what differs.
pub fn compare(catalog: &Catalog, list: &Path, table: &mut Table) -> anyhow::Result<Vec<String>> {
    let (rows, has_head) = read(list)?;
    let name = csv::title(list);
    let mut score = Score::default();
    let mut differences = Vec::new();
    for row in &rows {
        if let Some(difference) = score.add(catalog, row) {
            differences.push(format!("{name}:{}: {}, {}: {difference}", row.line, row.domain, row.service));
        }
    }
    score.rows(has_head, &name, table);
    Ok(differences)
}

fn read(list: &Path) -> anyhow::Result<(Vec<Listed>, bool)> {
    let has_evidence = csv::has_column(list, "evidence")?;
    let head = if csv::has_column(list, "head")? {
        Some("head")
    } else {
        csv::has_column(list, "lists")?.then_some("lists")
    };
    let has_head = head.is_some();
    // A column that is not there is read as the first, and not looked at.
    let evidence = if has_evidence { "evidence" } else { "domain" };
    let columns = ["domain", "service", "need", evidence, head.unwrap_or("domain")];
    let rows = csv::read(list, columns)?.into_iter().map(|row| {
        let [domain, service, need, evidence, head] = row.cells;
        let is_registrable = || psl::domain_str(&domain) == Some(domain.as_str());
        let is_customers = psl::suffix(domain.as_bytes()).is_some_and(|suffix| {
            suffix.typ() == Some(psl::Type::Private) && domain.as_bytes() != suffix.as_bytes()
        });
        let own = !is_customers && if has_evidence { evidence == "strong" } else { is_registrable() };
        let is_in_lists = || head.parse().is_ok_and(|lists: u32| lists >= HEAD_LISTS);
        let head = has_head && (head == "yes" || is_in_lists());
        Listed { line: row.line, own, head, domain, service, need }
    });
    Ok((rows.collect(), has_head))
}

impl Score {
    /// Counts a row, and says what is not as the list has it.
    fn add(&mut self, catalog: &Catalog, row: &Listed) -> Option<String> {
        self.all += 1;
        self.head += u64::from(row.head);
        let Verdict::Service { service, role, .. } = catalog.classify(&row.domain) else {
            return Some(match catalog.classify(&row.domain) {
                Verdict::Plumbing(kind) => format!("plumbing, {}", kind.as_str()),
                other => other.as_str().to_owned(),
            });
        };
        self.as_service += 1;
        self.own += u64::from(row.own);
        let mut differences = Vec::new();
        if row.own && matches!(role, Role::Embed | Role::Hosted) {
            self.own_not_own += 1;
            differences.push(format!("its own domain is {}", role.as_str()));
        }
        if likeness(&row.service, &service) == Likeness::Other {
            self.other_vendor += 1;
            differences.push(format!("named {} of {}", service.name(), service.vendor()));
        } else {
            self.found += 1;
            self.head_found += u64::from(row.head);
            self.need_right += u64::from(service.need() == row.need);
            if service.need() != row.need {
                differences.push(format!("need {}, not {}", service.need(), row.need));
            }
        }
        (!differences.is_empty()).then(|| differences.join("; "))
    }

    fn rows(&self, has_head: bool, list: &str, table: &mut Table) {
        let Self { all, head, found, head_found, as_service, other_vendor, need_right, own, own_not_own } =
            self;
        let mut row = |what: &str, part: u64, of: u64, goal| {
            let value = if of == 0 { 0.0 } else { percent(part, of) };
            table.row(&format!("{list}: {what}"), value, "%", &format!("{part} of {of}"), goal);
        };
        if has_head {
            row("recall of the head", *head_found, *head, Goal::AtLeast(HEAD_RECALL_GOAL));
        }
        row("recall of all", *found, *all, Goal::AtLeast(RECALL_GOAL));
        row("another vendor's name", *other_vendor, *as_service, Goal::AtMost(OTHER_VENDOR_GOAL));
        row("need right, of those found", *need_right, *found, Goal::AtLeast(NEED_GOAL));
        row("own domain as embed or hosted", *own_not_own, *own, Goal::AtMost(0.0));
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// What is said about each row, and the score.
    fn compare(list: &str) -> (Vec<Option<String>>, Score) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.csv");
        fs::write(&path, list).unwrap();
        let mut score = Score::default();
        let catalog = elsewhere_catalog::builtin();
        let said = read(&path).unwrap().0.iter().map(|row| score.add(catalog, row)).collect();
        (said, score)
    }

    #[test]
    fn each_way_to_be_wrong_is_said_and_counted_once() {
        let (said, score) = compare(
            "domain,service,need\n\
             wetransfer.com,WeTransfer,send-once\n\
             slack.com,Slack,send-once\n\
             dropbox.com,Box,store-files\n\
             freightdesk.example,Freightdesk,erp-operations\n\
             ocsp.digicert.com,DigiCert,security\n",
        );
        let said: Vec<_> = said.iter().map(|said| said.as_deref().unwrap_or("right")).collect();
        assert_eq!(
            said,
            [
                "right",
                "need team-chat, not send-once",
                "named Dropbox of Dropbox",
                "unknown",
                "plumbing, certificates"
            ]
        );
        let Score { all, found, as_service, other_vendor, need_right, .. } = score;
        assert_eq!((all, found, as_service, other_vendor, need_right), (5, 2, 3, 1, 1));
    }

    #[test]
    fn own_domain_is_the_strong_row_or_the_registrable_one() {
        let (said, score) = compare("domain,service,need\njs.stripe.com,Stripe,sell-get-paid\n");
        assert_eq!((said[0].as_deref(), score.own), (None, 0));
        let (said, score) = compare(
            "domain,service,need,evidence,lists\n\
             js.stripe.com,Stripe,sell-get-paid,strong,3\n\
             js.stripe.com,Stripe,sell-get-paid,weak,2\n",
        );
        assert_eq!((said[0].as_deref(), &said[1]), (Some("its own domain is embed"), &None));
        assert_eq!((score.own, score.own_not_own, score.head, score.head_found), (1, 1, 1, 1));
        let (_, score) = compare("domain,service,need\nacme.github.io,GitHub Pages,website-builder\n");
        assert_eq!(score.own, 0, "it is acme's");
    }

    #[test]
    fn a_list_can_say_itself_which_rows_are_its_head() {
        let (_, score) = compare(
            "domain,service,need,head,lists\n\
             js.stripe.com,Stripe,sell-get-paid,yes,0\n\
             freightdesk.example,Freightdesk,erp-operations,yes,0\n\
             slack.com,Slack,team-chat,no,9\n",
        );
        assert_eq!((score.all, score.head, score.head_found), (3, 2, 1));
    }
}
