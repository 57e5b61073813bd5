//! Names that somebody lists in a CSV file, made into entries of `portfolio.toml` that nobody has reviewed yet.
//!
//! Pure: text in, text out. Refuses the whole file at its first wrong line. What the catalog knows already and what
//! belongs to private life is left out and counted.

use std::collections::{BTreeMap, HashMap};

use elsewhere_catalog::{
    Catalog, Verdict,
    layer::{Layer, MAX_OWN_RULES},
};

use super::{
    Portfolio,
    entry::{Entry, New, own_id},
};

/// The columns, in any order.
const COLUMNS: [&str; 3] = ["domain", "service", "need"];
/// Most rows: as many names as an organisation can have. More are refused before they are looked at.
const MAX_ROWS: usize = MAX_OWN_RULES;

/// What came of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Blocks to append to `portfolio.toml`.
    pub text: String,
    /// Names in them.
    pub names: usize,
    /// Names that the catalog or the portfolio knows already.
    pub known: usize,
    /// Names of private life, which can't be made a service.
    pub private: usize,
}

/// The first line that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ImportError {
    /// From 1; the header is line 1.
    pub line: u64,
    /// What is wrong there and what to write instead.
    pub problem: String,
}

/// Reads a file with the columns domain, service and need. A service is one of the catalog, by id or name, or a new one of
/// the organisation's own.
pub fn import(file: &str, portfolio: &Portfolio, catalog: &Catalog) -> Result<Imported, ImportError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file.as_bytes());
    let places = columns(reader.headers())?;
    let held = Layer::new(catalog, &portfolio.layer).unwrap_or_default();
    let mut import = Import {
        catalog,
        portfolio,
        held,
        services: BTreeMap::new(),
        lines: HashMap::new(),
        imported: Imported::default(),
    };
    for (rows, row) in (1..).zip(reader.records()) {
        let row = row.map_err(|error| at(error.position(), &error.kind_words()))?;
        let line = row.position().map_or(0, csv::Position::line);
        if rows > MAX_ROWS {
            return Err(ImportError {
                line,
                problem: format!("there are more than {MAX_ROWS} rows; import what matters"),
            });
        }
        let [domain, service, need] = places.map(|place| row.get(place).unwrap_or_default());
        import.row(line, domain, service, need)?;
    }
    import.finish()
}

/// Where the three columns are.
fn columns(headers: csv::Result<&csv::StringRecord>) -> Result<[usize; 3], ImportError> {
    let headers = headers.map_err(|error| at(error.position(), &error.kind_words()))?;
    let places = COLUMNS.map(|column| headers.iter().position(|header| header.eq_ignore_ascii_case(column)));
    match places {
        [Some(domain), Some(service), Some(need)] if headers.len() == COLUMNS.len() => {
            Ok([domain, service, need])
        }
        _ => Err(ImportError { line: 1, problem: format!("the columns have to be {}", COLUMNS.join(", ")) }),
    }
}

fn at(position: Option<&csv::Position>, problem: &str) -> ImportError {
    ImportError { line: position.map_or(1, csv::Position::line), problem: problem.to_owned() }
}

/// An import under way.
struct Import<'p> {
    catalog: &'p Catalog,
    portfolio: &'p Portfolio,
    held: Layer,
    /// By id.
    services: BTreeMap<String, Entry>,
    /// Where each name and service stands.
    lines: HashMap<String, u64>,
    imported: Imported,
}

impl Import<'_> {
    fn row(&mut self, line: u64, domain: &str, service: &str, need: &str) -> Result<(), ImportError> {
        let refuse = |problem: String| Err(ImportError { line, problem });
        if domain.is_empty() || service.is_empty() {
            return refuse("a domain and a service are wanted".to_owned());
        }
        if self.lines.contains_key(domain) {
            return refuse(format!("'{}' stands in two lines", short(domain)));
        }
        match self.catalog.classify_with(&self.held, domain) {
            Verdict::Unknown => {}
            Verdict::Personal => {
                self.imported.private += 1;
                return Ok(());
            }
            Verdict::Service { .. } | Verdict::Plumbing(_) => {
                self.imported.known += 1;
                return Ok(());
            }
        }
        let (id, new) = match self.portfolio.find_service(self.catalog, service) {
            Some(id) => (id.to_owned(), None),
            None if self.catalog.need(need).is_none() => {
                return refuse(format!("need '{}' is not one of the catalog's", short(need)));
            }
            None => (own_id(service), Some(New { name: service.to_owned(), need: need.to_owned() })),
        };
        let fresh = || Entry { service_id: id.clone(), new: new.clone(), names: Vec::new() };
        let entry = self.services.entry(id.clone()).or_insert_with(fresh);
        if new.is_some() && entry.new != new {
            return refuse(format!("service '{}' has another name or need in a line before", short(service)));
        }
        entry.names.push(domain.to_owned());
        self.lines.insert(domain.to_owned(), line);
        self.lines.entry(id).or_insert(line);
        Ok(())
    }

    /// Checks all of it as a device would, and writes it down.
    fn finish(mut self) -> Result<Imported, ImportError> {
        let mut facts = self.portfolio.layer.clone();
        self.services.values().for_each(|entry| entry.add_to(&mut facts));
        let errors = Layer::new(self.catalog, &facts).err().unwrap_or_default();
        let wrong = errors.into_iter().map(|error| ImportError {
            line: self.lines.get(&error.fact).copied().unwrap_or(1),
            problem: error.to_string(),
        });
        if let Some(first) = wrong.min_by_key(|error| error.line) {
            return Err(first);
        }
        for entry in self.services.values() {
            self.imported.names += entry.names.len();
            self.imported.text += &entry.text();
        }
        Ok(self.imported)
    }
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

/// What a CSV error says, without its position.
trait KindWords {
    fn kind_words(&self) -> String;
}

impl KindWords for csv::Error {
    fn kind_words(&self) -> String {
        match self.kind() {
            csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                format!("{len} columns, and the header has {expected_len}")
            }
            csv::ErrorKind::Utf8 { .. } => "it is no UTF-8".to_owned(),
            _ => self.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PORTFOLIO: &str = "organisation = \"Northmoor\"\n[[own_service]]\nid = \"own:outbox\"\nname = \"Outbox\"\n\
                             need = \"send-once\"\nhosts = [\"outbox.northmoor.example\"]\n";

    fn imported(file: &str) -> Result<Imported, String> {
        let catalog = elsewhere_catalog::builtin();
        let portfolio = Portfolio::parse(PORTFOLIO, catalog).unwrap();
        import(file, &portfolio, catalog).map_err(|error| error.to_string())
    }

    #[test]
    fn unreviewed_names_become_entries_that_the_portfolio_reads() {
        let file = "Need,domain,service\n\
                    send-once,drop.partner.example,Partner \"Drop\" 2\n\
                    send-once,drop2.partner.example,Partner \"Drop\" 2\n\
                    ,files.partner.example,box\n\
                    ,post.northmoor.example,Outbox\n\
                    send-once,outbox.northmoor.example,Outbox\n\
                    send-once,wetransfer.com,WeTransfer\n\
                    docs-notes,www.tinder.com,Notes\n";
        let imported = imported(file).unwrap();
        assert_eq!((imported.names, imported.known, imported.private), (4, 2, 1));
        insta::assert_snapshot!(imported.text, @r#"
        [[name]]
        suffix = "files.partner.example"
        service = "box"

        [[name]]
        suffix = "post.northmoor.example"
        service = "own:outbox"

        [[own_service]]
        id = "own:partner-drop-2"
        name = 'Partner "Drop" 2'
        need = "send-once"
        hosts = ["drop.partner.example", "drop2.partner.example"]
        "#);
        let both = format!("{PORTFOLIO}{}", imported.text);
        assert_eq!(Portfolio::parse(&both, elsewhere_catalog::builtin()).unwrap().layer.rules.len(), 5);
    }

    #[test]
    fn a_wrong_line_refuses_the_file() {
        let cases = [
            ("domain,service\na.example,A\n", "line 1: the columns have to be domain, service, need"),
            ("", "line 1: the columns have to be domain, service, need"),
            ("domain,service,need\na.example,A\n", "line 2: 2 columns, and the header has 3"),
            (
                "domain,service,need\na.example,A,sending\n",
                "line 2: need 'sending' is not one of the catalog's",
            ),
            ("domain,service,need\n,A,send-once\n", "line 2: a domain and a service are wanted"),
            (
                "domain,service,need\na.example,A,send-once\nA.example,A,send-once\n",
                "line 3: 'A.example' write it as `a.example`",
            ),
            (
                "domain,service,need\na.example,A,send-once\na.example,A,send-once\n",
                "line 3: 'a.example' stands in two lines",
            ),
            (
                "domain,service,need\na.example,A,send-once\nb.example,A,email\n",
                "line 3: service 'A' has another name or need in a line before",
            ),
            (
                "domain,service,need\na.example,A,send-once\nco.uk,B,email\n",
                "line 3: 'co.uk' is a public suffix, under which anybody can have a name",
            ),
        ];
        for (file, expected) in cases {
            assert_eq!(imported(file).unwrap_err(), expected, "{file}");
        }
        let million =
            format!("domain,service,need\n{}", "wetransfer.com,WeTransfer,send-once\n".repeat(1_000_000));
        let refusal = imported(&million).unwrap_err();
        assert_eq!(refusal, "line 20002: there are more than 20000 rows; import what matters");
    }
}
