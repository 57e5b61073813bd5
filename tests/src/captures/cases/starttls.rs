//! Hellos behind a dialogue in the clear: mail, and the others that switch to TLS in the middle.

use super::{
    super::{Built, Tape, hello::Hello, tape::Tcp},
    on_ethernet,
};

pub(super) const CASES: &[Built] = &[
    on_ethernet(
        "starttls-mail",
        "SMTP with STARTTLS, IMAP with STARTTLS and POP3 with STLS, each in upper and lower case: the post-quantum hello \
         comes in order, in reverse, with its first piece lost once, and in one segment with the command before it.",
        mail,
    ),
    on_ethernet(
        "starttls-others",
        "FTP with AUTH TLS, XMPP with starttls, the SSLRequest of PostgreSQL, LDAP's StartTLS: hello in order.",
        others,
    ),
];

/// What client and server say in turn; the server begins where the first word is its own.
type Dialogue<'a> = &'a [(Side, &'a [u8])];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}
use Side::{Client, Server};

const SMTP: Dialogue<'_> = &[
    (Server, b"220 mail.example.com ESMTP\r\n"),
    (Client, b"EHLO laptop.example.com\r\n"),
    (Server, b"250-mail.example.com\r\n250-SIZE 35882577\r\n250 STARTTLS\r\n"),
    (Client, b"STARTTLS\r\n"),
    (Server, b"220 2.0.0 Ready to start TLS\r\n"),
];
const IMAP: Dialogue<'_> = &[
    (Server, b"* OK IMAP4rev1 ready\r\n"),
    (Client, b"a001 capability\r\n"),
    (Server, b"* CAPABILITY IMAP4rev1 STARTTLS\r\na001 OK done\r\n"),
    (Client, b"a002 ID (\"name\" \"mail client\" \"version\" \"1.0\")\r\n"),
    (Server, b"* ID NIL\r\na002 OK done\r\n"),
    (Client, b"a003 starttls\r\n"),
    (Server, b"a003 OK begin TLS now\r\n"),
];
const POP3: Dialogue<'_> = &[
    (Server, b"+OK ready\r\n"),
    (Client, b"CAPA\r\n"),
    (Server, b"+OK\r\nSTLS\r\n.\r\n"),
    (Client, b"STLS\r\n"),
    (Server, b"+OK begin TLS\r\n"),
];

fn mail(tape: &mut Tape) {
    let orders: [(&str, &[std::ops::Range<usize>]); 4] = [
        ("straight", &[0..1400, 1400..2000]),
        ("reversed", &[1400..2000, 0..1400]),
        ("lost-once", &[700..1400, 1400..2000, 0..700]),
        ("crumbs", &[0..2, 2..4, 4..9, 9..1000, 1000..2000]),
    ];
    for (port, protocol, dialogue) in [(587, "smtp", SMTP), (143, "imap", IMAP), (110, "pop3", POP3)] {
        for (order, pieces) in orders {
            let ends = tape.ends(port);
            let hello = Hello { alpn: vec![], ..Hello::large(&format!("{order}.{protocol}.example.com")) };
            let stream = hello.records(&mut tape.rng);
            let (mut tcp, before) = talk(tape, ends, dialogue);
            for piece in pieces {
                tcp.up_at(tape, before + piece.start, &stream[piece.start..piece.end.min(stream.len())]);
            }
            tape.expect(ends, hello.fact("tls"));
            tcp.close(tape);
        }
    }
    // A client that does not wait for the answer to its command.
    let ends = tape.ends(25);
    let hello = Hello { alpn: vec![], ..Hello::large("eager.smtp.example.com") };
    let stream = [b"STARTTLS\r\n", &hello.records(&mut tape.rng)[..]].concat();
    let (mut tcp, _) = talk(tape, ends, &SMTP[..3]);
    tcp.up(tape, &stream);
    tape.expect(ends, hello.fact("tls"));
    // A mail sent in the clear: its lines are no hello and no request.
    let ends = tape.ends(25);
    let (mut tcp, _) = talk(tape, ends, &SMTP[..3]);
    tcp.up(tape, b"MAIL FROM:<a@example.com>\r\n");
    tcp.down(tape, b"250 ok\r\n");
    tcp.up(tape, b"DATA\r\n");
    tcp.down(tape, b"354 go\r\n");
    tcp.up(tape, b"Subject: hello\r\n\r\nHost: not-a-host.example.com\r\n.\r\nQUIT\r\n");
    tcp.close(tape);
}

fn others(tape: &mut Tape) {
    let all: [(u16, &str, Dialogue<'_>); 4] = [
        (21, "ftp", &[(Server, b"220 ready\r\n"), (Client, b"AUTH TLS\r\n"), (Server, b"234 go\r\n")]),
        (
            5222,
            "xmpp",
            &[
                (Client, b"<?xml version='1.0'?><stream:stream to='example.com' xmlns='jabber:client'>"),
                (Server, b"<stream:features><starttls/></stream:features>"),
                (Client, b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
                (Server, b"<proceed/>"),
            ],
        ),
        (5432, "postgresql", &[(Client, &[0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]), (Server, b"S")]),
        (
            389,
            "ldap",
            &[
                (Client, b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037"),
                (Server, b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"),
            ],
        ),
    ];
    for (port, protocol, dialogue) in all {
        let ends = tape.ends(port);
        let hello = Hello { alpn: vec![], ..Hello::large(&format!("{protocol}.example.com")) };
        let stream = hello.records(&mut tape.rng);
        let (mut tcp, _) = talk(tape, ends, dialogue);
        tcp.up(tape, &stream);
        tape.expect(ends, hello.fact("tls"));
        tcp.close(tape);
    }
}

/// Has the dialogue; the connection, and how many bytes the client said in it.
fn talk(tape: &mut Tape, ends: super::super::wire::Ends, dialogue: Dialogue<'_>) -> (Tcp, usize) {
    let mut tcp = Tcp::open(tape, ends);
    let mut said = 0;
    for (side, words) in dialogue {
        match side {
            Client => {
                tcp.up(tape, words);
                said += words.len();
            }
            Server => tcp.down(tape, words),
        }
    }
    (tcp, said)
}
