//! `elsewhere-agent classify`: what the catalog says about names.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};

use elsewhere_catalog::{Catalog, Verdict};
use serde::Serialize;

use super::output::still_read;

/// Longest line that is read as a name; what stands beyond is no name anyway and is passed over.
const MAX_LINE_BYTES: u64 = 4_096;

/// Says what names are: service, plumbing, personal or unknown, as one JSON object a line.
///
/// Names come as arguments, or one a line on standard input. What is no host name is unknown.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  elsewhere-agent classify app.slack.com example.org\n  elsewhere-agent classify < names.txt"
)]
pub struct Args {
    /// Names to classify; none means standard input.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

/// One line of output.
#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    verdict: &'static str,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    service: Option<ServiceOf<'a>>,
}

#[derive(Serialize)]
struct ServiceOf<'a> {
    service_id: &'a str,
    service: &'a str,
    need: &'a str,
    role: &'static str,
}

/// Runs it.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let catalog = elsewhere_catalog::builtin();
    let mut out = BufWriter::new(io::stdout().lock());
    let written = if args.names.is_empty() {
        classify_lines(catalog, BufReader::new(io::stdin().lock()), &mut out)
    } else {
        args.names.iter().try_for_each(|name| write_line(catalog, name, &mut out))
    };
    still_read(written.and_then(|()| out.flush())).map(drop)
}

/// Answers as the lines come: whoever writes one name and waits gets its line.
fn classify_lines<R: Read>(
    catalog: &Catalog,
    mut names: BufReader<R>,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if names.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if line.last() != Some(&b'\n') {
            names.skip_until(b'\n')?;
        }
        let name = String::from_utf8_lossy(&line);
        if !name.trim().is_empty() {
            write_line(catalog, name.trim(), out)?;
        }
        if names.buffer().is_empty() {
            out.flush()?;
        }
    }
}

fn write_line(catalog: &Catalog, name: &str, out: &mut impl Write) -> io::Result<()> {
    let verdict = catalog.classify(name);
    let service = match verdict {
        Verdict::Service { service, role, .. } => Some(ServiceOf {
            service_id: service.id(),
            service: service.name(),
            need: service.need(),
            role: role.as_str(),
        }),
        Verdict::Plumbing(_) | Verdict::Personal | Verdict::Unknown => None,
    };
    serde_json::to_writer(&mut *out, &Line { name, verdict: verdict.as_str(), service })?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use serde_json::Value;

    use super::{MAX_LINE_BYTES, classify_lines};

    fn classified(input: &[u8]) -> Vec<Value> {
        let mut out = Vec::new();
        classify_lines(elsewhere_catalog::builtin(), BufReader::new(input), &mut out).unwrap();
        String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn each_name_gets_its_line_in_order() {
        let lines = classified(b"wetransfer.com\n\nWWW.WeTransfer.com.\r\nno-such-name.example");
        let told: Vec<_> =
            lines.iter().map(|line| (line["name"].as_str(), line["verdict"].as_str())).collect();
        assert_eq!(
            told,
            [
                (Some("wetransfer.com"), Some("service")),
                (Some("WWW.WeTransfer.com."), Some("service")),
                (Some("no-such-name.example"), Some("unknown")),
            ]
        );
        assert_eq!(lines[0]["service_id"], "wetransfer");
        assert_eq!(lines[0]["need"], "send-once");
        assert!(lines[0]["role"].is_string() && lines[0]["service"].is_string());
        assert_eq!(lines[2].as_object().unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_name_is_unknown_and_costs_one_line() {
        let mut input = vec![b'a'; usize::try_from(3 * MAX_LINE_BYTES).unwrap()];
        input.extend(b"\n\xff\xfe\n..\nwetransfer.com\n");
        let verdicts: Vec<_> = classified(&input).iter().map(|line| line["verdict"].clone()).collect();
        assert_eq!(verdicts, ["unknown", "unknown", "unknown", "service"]);
    }
}
