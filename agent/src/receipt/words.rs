//! `show --words`: each field that leaves the device, with what it reveals, from the wire contract itself.

use std::{collections::BTreeMap, fmt::Write};

use prost::Message;
use prost_types::{DescriptorProto, FileDescriptorProto, FileDescriptorSet};

/// Everything that an agent ever says hangs on these.
const SAID: [&str; 3] =
    [".elsewhere.v1.VisitRequest", ".elsewhere.v1.EnrollRequest", ".elsewhere.v1.RenewRequest"];
/// Width of a page.
const COLUMNS: usize = 100;
/// Column at which a field's meaning begins.
const INDENT: usize = 26;
/// Numbers in a path of source info. See `google/protobuf/descriptor.proto`.
const MESSAGE_TYPE: i32 = 4;
const FIELD: i32 = 2;

/// All fields of all messages that an agent sends, in words.
pub fn words() -> String {
    let contract = Contract::read();
    let mut page =
        String::from("What each field that leaves this device says about you. There are no others.\n");
    let mut waiting: Vec<&str> = SAID.to_vec();
    let mut printed: Vec<&str> = Vec::new();
    while let Some(name) = waiting.pop() {
        let Some(message) = contract.messages.get(name) else { continue };
        if printed.contains(&name) {
            continue;
        }
        printed.push(name);
        if message.fields.iter().any(|field| field.reveals.is_some()) {
            let short = name.rsplit('.').next().unwrap_or(name);
            let _ = writeln!(page, "\n{short}");
            message.fields.iter().for_each(|field| print(&mut page, field));
        }
        waiting.extend(message.fields.iter().rev().map(|field| field.message.as_str()));
    }
    page
}

/// A field and its meaning, folded at the page's edge.
fn print(page: &mut String, field: &Field) {
    let Some(reveals) = &field.reveals else { return };
    let mut line = format!("  {:<width$}", field.name, width = INDENT - 2);
    for word in reveals.split_whitespace() {
        if line.chars().count() + word.chars().count() > COLUMNS {
            let _ = writeln!(page, "{}", line.trim_end());
            line = " ".repeat(INDENT);
        }
        line += word;
        line.push(' ');
    }
    let _ = writeln!(page, "{}", line.trim_end());
}

/// Messages by their full name.
struct Contract {
    messages: BTreeMap<String, Said>,
}

struct Said {
    fields: Vec<Field>,
}

struct Field {
    name: String,
    /// Full name of the message it holds; empty for a plain value.
    message: String,
    reveals: Option<String>,
}

impl Contract {
    fn read() -> Self {
        let files = FileDescriptorSet::decode(elsewhere_proto::DESCRIPTORS)
            .expect("the build made the descriptors, and a test reads them");
        let messages = files.file.iter().flat_map(|file| {
            file.message_type.iter().enumerate().map(|(index, message)| {
                let name = format!(".{}.{}", file.package(), message.name());
                (name, Said::read(file, index, message))
            })
        });
        Self { messages: messages.collect() }
    }
}

impl Said {
    fn read(file: &FileDescriptorProto, index: usize, message: &DescriptorProto) -> Self {
        let field = |(number, field): (usize, &prost_types::FieldDescriptorProto)| Field {
            name: field.name().to_owned(),
            message: field.type_name().to_owned(),
            reveals: reveals(file, index, number),
        };
        Self { fields: message.field.iter().enumerate().map(field).collect() }
    }
}

/// What stands behind "Reveals:" in the comment on a field.
fn reveals(file: &FileDescriptorProto, message: usize, field: usize) -> Option<String> {
    let path = [MESSAGE_TYPE, i32::try_from(message).ok()?, FIELD, i32::try_from(field).ok()?];
    let locations = &file.source_code_info.as_ref()?.location;
    let comment = locations.iter().find(|location| location.path == path)?.leading_comments();
    let (_, reveals) = comment.split_once("Reveals:")?;
    Some(reveals.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_that_is_sent_says_what_it_reveals() {
        let page = words();
        for message in
            ["DeviceDay", "Usage", "Spill", "VisitHello", "Segment", "EnrollRequest", "RevealedName"]
        {
            assert!(page.contains(&format!("\n{message}\n")), "{message}");
        }
        assert!(!page.contains("VisitWelcome"), "what the collector says is not what leaves");
        let contract = Contract::read();
        let messages =
            page.lines().filter_map(|line| contract.messages.get(&format!(".elsewhere.v1.{line}")));
        for field in messages.flat_map(|message| &message.fields) {
            assert!(field.reveals.is_some(), "{}", field.name);
        }
    }

    #[test]
    fn a_row_is_told_in_words() {
        let page = words();
        let start = page.find("\nUsage\n").unwrap();
        insta::assert_snapshot!(page[start..].trim_start().lines().take(8).collect::<Vec<_>>().join("\n"), @r"
        Usage
          service_id              the service.
          app_class               the kind of program, never which one.
          place                   office or away, never an address or a network.
          evidence                whether a person worked there or a program sat idle.
          parts_of_day            the quarter of the day; the collector never shows it for one device.
          active_minutes          roughly how long, not when.
          tries                   how often the service was turned to.
        ");
    }
}
