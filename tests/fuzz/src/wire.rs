//! Packets around fuzzed bytes: raw IPv4 with TCP or UDP from one client to one server.

/// TCP flag bits.
pub const FIN: u8 = 1;
/// Opens a stream.
pub const SYN: u8 = 2;
/// Aborts a stream.
pub const RST: u8 = 4;
/// Acknowledges.
pub const ACK: u8 = 16;

/// The client's port in all packets made here.
pub const CLIENT_PORT: u16 = 49_152;

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// The side that connects.
    Client,
    /// The other.
    Server,
}

/// A TCP segment between the client and the server's `port`.
pub fn tcp(from: From, port: u16, seq: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut segment = ports(from, port).to_vec();
    segment.extend(seq.to_be_bytes());
    segment.extend([0, 0, 0, 0, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    segment.extend(payload);
    ipv4(from, 6, &segment)
}

/// A UDP datagram between the client and the server's `port`.
pub fn udp(from: From, port: u16, payload: &[u8]) -> Vec<u8> {
    let mut datagram = ports(from, port).to_vec();
    datagram.extend(short(payload.len() + 8).to_be_bytes());
    datagram.extend([0, 0]);
    datagram.extend(payload);
    ipv4(from, 17, &datagram)
}

fn ports(from: From, port: u16) -> [u8; 4] {
    let (src, dst) = match from {
        From::Client => (CLIENT_PORT, port),
        From::Server => (port, CLIENT_PORT),
    };
    let ([a, b], [c, d]) = (src.to_be_bytes(), dst.to_be_bytes());
    [a, b, c, d]
}

fn ipv4(from: From, protocol: u8, payload: &[u8]) -> Vec<u8> {
    const CLIENT: [u8; 4] = [192, 0, 2, 1];
    const SERVER: [u8; 4] = [198, 51, 100, 1];
    let (src, dst) = match from {
        From::Client => (CLIENT, SERVER),
        From::Server => (SERVER, CLIENT),
    };
    let mut packet = vec![0x45, 0];
    packet.extend(short(payload.len() + 20).to_be_bytes());
    packet.extend([0, 1, 0x40, 0, 64, protocol, 0, 0]);
    packet.extend(src);
    packet.extend(dst);
    packet.extend(payload);
    packet
}

/// A length as the header has it; what is longer than a packet can say reads as one that says nothing.
fn short(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(0)
}
