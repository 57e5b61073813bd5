//! `elsewhere-agent facts`: what the decoder sees in a capture, one JSON object a line. It never leaves the machine.

use std::{
    io::{self, BufWriter, Write},
    path::PathBuf,
};

use anyhow::Context;
use jiff::Timestamp;
use serde::Serialize;

use super::{output::still_read, progress::Progress};
use crate::{
    capture::file,
    decode::{
        ClientHello, Decoder, DnsAnswer, DnsData, DnsQuestion, EncryptedDns, Fact, FactKind, FlowKey, Target,
    },
    domain::Domain,
};

/// Prints each fact decoded from a capture file as a JSON object on a line of its own.
///
/// For checking what the agent sees. Nothing of this leaves the device.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  elsewhere-agent facts --read office.pcapng | grep tls_client_hello")]
pub struct Args {
    /// The capture to read: pcap or pcapng
    #[arg(long, value_name = "FILE")]
    read: PathBuf,
}

/// Runs it.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let mut reader = file::open(&args.read)?;
    let mut progress = Progress::over(&reader);
    let mut decoder = Decoder::new();
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let end = loop {
        match reader.next_frame() {
            Ok(Some(frame)) => decoder.handle(&frame),
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
        if !print_all(&mut decoder, &mut out)? {
            return Ok(());
        }
        progress.frame(&reader);
    };
    decoder.finish();
    if print_all(&mut decoder, &mut out)? {
        still_read(out.flush())?;
    }
    end?;
    decoder.counts().legible().with_context(|| args.read.display().to_string())
}

/// Prints what is waiting; `false` where nobody reads any more, as with `| head`.
fn print_all(decoder: &mut Decoder, out: &mut impl Write) -> anyhow::Result<bool> {
    while let Some(fact) = decoder.poll() {
        if !still_read(print(&fact, out))? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// One line; what a kind does not know is left out.
#[derive(Default, Serialize)]
struct Line<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    time: Timestamp,
    src: String,
    dst: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    qtype: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rcode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extended_error: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none", rename = "type")]
    answer_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ech_public_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quic_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alpn: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ech: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ja4: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    over: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
}

/// Prints the facts that carry names; segments, datagrams and signs of answers are for counting, not for reading.
fn print(fact: &Fact, out: &mut impl Write) -> io::Result<()> {
    let line = |kind| Line::new(kind, fact.time, &fact.flow);
    let line = match &fact.kind {
        FactKind::DnsQuery(question) => line("dns_query").question(question),
        FactKind::DnsResponse(response) => {
            let mut first = line("dns_response");
            first.rcode = Some(rcode(response.rcode));
            first.extended_error = response.extended_error;
            if let Some(question) = &response.question {
                first = first.question(question);
            }
            write_line(&first, out)?;
            for answer in &response.answers {
                write_line(&line("dns_answer").answer(answer), out)?;
            }
            return Ok(());
        }
        FactKind::DnsOddName(odd) => {
            let kind = if odd.is_response { "dns_response" } else { "dns_query" };
            Line { name: Some(&odd.text), qtype: Some(record_type(odd.qtype)), ..line(kind) }
        }
        FactKind::TlsClientHello(hello) => line("tls_client_hello").hello(hello),
        FactKind::QuicClientHello { version, hello } => {
            Line { quic_version: Some(format!("{version:#010x}")), ..line("quic_client_hello") }.hello(hello)
        }
        FactKind::HttpHost(host) => Line { name: Some(host.as_str()), ..line("http_host") },
        FactKind::HttpConnect(target) => line("http_connect").target(target),
        FactKind::SocksConnect(target) => line("socks_connect").target(target),
        FactKind::EncryptedDns(how) => Line { over: Some(carrier(*how)), ..line("encrypted_dns") },
        FactKind::TcpSegment(_)
        | FactKind::UdpDatagram { .. }
        | FactKind::Unreachable
        | FactKind::TlsServerHello(_)
        | FactKind::TlsAlert { .. }
        | FactKind::QuicServerPacket => return Ok(()),
    };
    write_line(&line, out)
}

fn write_line(line: &Line<'_>, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

impl<'a> Line<'a> {
    fn new(kind: &'static str, time: Timestamp, flow: &FlowKey) -> Self {
        Line { kind, time, src: flow.src.to_string(), dst: flow.dst.to_string(), ..Line::default() }
    }

    fn question(self, question: &'a DnsQuestion) -> Self {
        Line { name: Some(question.qname.as_str()), qtype: Some(record_type(question.qtype)), ..self }
    }

    fn answer(self, answer: &'a DnsAnswer) -> Self {
        let (answer_type, value, ech_public_name) = match &answer.data {
            DnsData::Address(address) if address.is_ipv4() => ("A".into(), Some(address.to_string()), None),
            DnsData::Address(address) => ("AAAA".into(), Some(address.to_string()), None),
            DnsData::Alias(target) => ("CNAME".into(), Some(target.to_string()), None),
            DnsData::Service { ech_public_name, .. } => ("HTTPS".into(), None, ech_public_name.as_ref()),
            DnsData::Other(number) => (record_type(*number), None, None),
        };
        Line {
            name: Some(answer.name.as_str()),
            answer_type: Some(answer_type),
            value,
            ttl: Some(answer.ttl),
            ech_public_name: ech_public_name.map(Domain::as_str),
            ..self
        }
    }

    fn hello(self, hello: &'a ClientHello) -> Self {
        Line {
            name: hello.server_name.as_ref().map(Domain::as_str),
            alpn: Some(&hello.alpn),
            ech: Some(hello.ech),
            ja4: Some(hello.ja4.as_str()).filter(|ja4| !ja4.is_empty()),
            ..self
        }
    }

    fn target(self, target: &'a Target) -> Self {
        Line {
            name: target.name.as_ref().map(Domain::as_str),
            address: target.address.map(|address| address.to_string()),
            port: Some(target.port),
            ..self
        }
    }
}

/// What carries lookups that are hidden.
fn carrier(how: EncryptedDns) -> &'static str {
    match how {
        EncryptedDns::Tls => "tls",
        EncryptedDns::Quic => "quic",
        EncryptedDns::Https => "https",
    }
}

/// A record type by its name, or as RFC 3597 writes those without one.
fn record_type(number: u16) -> String {
    let name = match number {
        1 => "A",
        2 => "NS",
        5 => "CNAME",
        6 => "SOA",
        12 => "PTR",
        15 => "MX",
        16 => "TXT",
        28 => "AAAA",
        33 => "SRV",
        64 => "SVCB",
        65 => "HTTPS",
        255 => "ANY",
        _ => return format!("TYPE{number}"),
    };
    name.into()
}

/// A response code by its name.
fn rcode(number: u8) -> String {
    let name = match number {
        0 => "NOERROR",
        1 => "FORMERR",
        2 => "SERVFAIL",
        3 => "NXDOMAIN",
        4 => "NOTIMP",
        5 => "REFUSED",
        _ => return format!("RCODE{number}"),
    };
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{DnsResponse, Transport};

    fn printed(kind: FactKind) -> String {
        let flow = FlowKey {
            transport: Transport::Udp,
            src: "[2001:db8::1]:5000".parse().unwrap(),
            dst: "192.0.2.1:53".parse().unwrap(),
        };
        let mut out = Vec::new();
        let time = Timestamp::from_second(1_700_000_000).unwrap();
        print(&Fact { time, flow, direction: None, interface: 0, kind }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn domain(name: &str) -> Domain {
        Domain::from_wire(name.as_bytes()).unwrap()
    }

    #[test]
    fn each_kind_has_its_fields_and_no_others() {
        let at = r#""time":"2023-11-14T22:13:20Z","src":"[2001:db8::1]:5000","dst":"192.0.2.1:53""#;
        let question = DnsQuestion { id: 1, qname: domain("a.example"), qtype: 64 };
        let answers = vec![
            DnsAnswer { name: domain("a.example"), ttl: 60, data: DnsData::Alias(domain("b.example")) },
            DnsAnswer { name: domain("b.example"), ttl: 5, data: DnsData::Other(99) },
        ];
        let hello = ClientHello { server_name: None, alpn: vec!["h3".into()], ech: true, ja4: String::new() };
        let target = Target { name: Some(domain("a.example")), address: None, port: 443 };
        assert_eq!(
            printed(FactKind::DnsQuery(question.clone())),
            format!("{{\"kind\":\"dns_query\",\"name\":\"a.example\",{at},\"qtype\":\"SVCB\"}}\n")
        );
        assert_eq!(
            printed(FactKind::DnsResponse(DnsResponse {
                question: Some(question),
                rcode: 3,
                truncated: false,
                extended_error: Some(17),
                answers
            })),
            format!(
                "{{\"kind\":\"dns_response\",\"name\":\"a.example\",{at},\"qtype\":\"SVCB\",\"rcode\":\"NXDOMAIN\",\"extended_error\":17}}\n\
                 {{\"kind\":\"dns_answer\",\"name\":\"a.example\",{at},\"type\":\"CNAME\",\"value\":\"b.example\",\"ttl\":60}}\n\
                 {{\"kind\":\"dns_answer\",\"name\":\"b.example\",{at},\"type\":\"TYPE99\",\"ttl\":5}}\n"
            )
        );
        assert_eq!(
            printed(FactKind::QuicClientHello { version: 1, hello }),
            format!(
                "{{\"kind\":\"quic_client_hello\",{at},\"quic_version\":\"0x00000001\",\"alpn\":[\"h3\"],\"ech\":true}}\n"
            )
        );
        assert_eq!(
            printed(FactKind::SocksConnect(target)),
            format!("{{\"kind\":\"socks_connect\",\"name\":\"a.example\",{at},\"port\":443}}\n")
        );
        assert_eq!(
            printed(FactKind::EncryptedDns(EncryptedDns::Https)),
            format!("{{\"kind\":\"encrypted_dns\",{at},\"over\":\"https\"}}\n")
        );
        assert_eq!(printed(FactKind::UdpDatagram { payload_bytes: 9, until: Timestamp::UNIX_EPOCH }), "");
    }
}
