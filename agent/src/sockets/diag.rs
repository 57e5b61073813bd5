//! The question to `sock_diag(7)` for one socket, and its answer. Numbers stand in the machine's own order, ports and
//! addresses as on the wire.

use std::net::IpAddr;

use crate::decode::{FlowKey, Transport};

const HEADER_BYTES: u32 = 16;
const QUESTION_BYTES: usize = 72;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLMSG_ERROR: u16 = 2;
const NLM_F_REQUEST: u16 = 1;
const IPPROTO_TCP: u8 = 6;
const IPPROTO_UDP: u8 = 17;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
/// Any state: TCP has 12.
const ALL_STATES: u32 = u32::MAX;
const NO_COOKIE: u32 = u32::MAX;
/// State of a socket that its program has closed: the kernel keeps no account with it.
const TIME_WAIT: u8 = 6;
/// Since Linux 5.8; also the inode number of the control group's directory.
const INET_DIAG_CGROUP_ID: u16 = 21;

/// What the kernel knows of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Socket {
    /// The account; `None` where no program holds the socket any more.
    pub(super) uid: Option<u32>,
    /// Id of the control group it was made in.
    pub(super) cgroup: Option<u64>,
}

/// Asks for exactly one socket.
pub(super) fn question(key: &FlowKey, sequence: u32) -> [u8; QUESTION_BYTES] {
    let (protocol, first, second) = match key.transport {
        Transport::Tcp => (IPPROTO_TCP, key.src, key.dst),
        // "src and dst are swapped for historical reasons": udp_dump_one in net/ipv4/udp_diag.c.
        Transport::Udp => (IPPROTO_UDP, key.dst, key.src),
    };
    let family = if key.src.is_ipv4() { AF_INET } else { AF_INET6 };
    let mut out = Vec::with_capacity(QUESTION_BYTES);
    // struct nlmsghdr
    out.extend(QUESTION_BYTES.to_ne_bytes().get(..4).unwrap_or_default());
    out.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    out.extend(NLM_F_REQUEST.to_ne_bytes());
    out.extend(sequence.to_ne_bytes());
    out.extend(0_u32.to_ne_bytes());
    // struct inet_diag_req_v2
    out.extend([family, protocol, 0, 0]);
    out.extend(ALL_STATES.to_ne_bytes());
    // struct inet_diag_sockid
    out.extend(first.port().to_be_bytes());
    out.extend(second.port().to_be_bytes());
    out.extend(octets(first.ip()));
    out.extend(octets(second.ip()));
    out.extend(0_u32.to_ne_bytes());
    out.extend(NO_COOKIE.to_ne_bytes());
    out.extend(NO_COOKIE.to_ne_bytes());
    out.try_into().unwrap_or([0; QUESTION_BYTES])
}

fn octets(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        }
        IpAddr::V6(ip) => ip.octets(),
    }
}

/// The sequence number that is answered, and the socket if there is one; `None` for bytes that are no answer.
pub(super) fn answer(mut bytes: &[u8]) -> Option<(u32, Option<Socket>)> {
    let bytes = &mut bytes;
    let length = u32::from_ne_bytes(take(bytes)?);
    let kind = u16::from_ne_bytes(take(bytes)?);
    let _flags: [u8; 2] = take(bytes)?;
    let sequence = u32::from_ne_bytes(take(bytes)?);
    let _port: [u8; 4] = take(bytes)?;
    let mut body = bytes.get(..usize::try_from(length.checked_sub(HEADER_BYTES)?).ok()?)?;
    match kind {
        SOCK_DIAG_BY_FAMILY => Some((sequence, socket(&mut body))),
        NLMSG_ERROR => Some((sequence, None)),
        _ => None,
    }
}

/// `struct inet_diag_msg` and its attributes.
fn socket(bytes: &mut &[u8]) -> Option<Socket> {
    let [_family, state, _timer, _retransmits] = take(bytes)?;
    let _id: [u8; 48] = take(bytes)?;
    let _expires_and_queues: [u8; 12] = take(bytes)?;
    let uid = u32::from_ne_bytes(take(bytes)?);
    let inode = u32::from_ne_bytes(take(bytes)?);
    let is_held = state != TIME_WAIT && inode != 0;
    Some(Socket { uid: is_held.then_some(uid), cgroup: cgroup(bytes) })
}

fn cgroup(bytes: &mut &[u8]) -> Option<u64> {
    loop {
        let length = u16::from_ne_bytes(take(bytes)?);
        let kind = u16::from_ne_bytes(take(bytes)?);
        let length = usize::from(length.checked_sub(4)?);
        let mut value = bytes.get(..length)?;
        if kind == INET_DIAG_CGROUP_ID {
            return take(&mut value).map(u64::from_ne_bytes);
        }
        *bytes = bytes.get(length.checked_next_multiple_of(4)?..)?;
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An answer as the kernel gives it.
    fn told(state: u8, uid: u32, inode: u32, attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut body = vec![AF_INET, state, 0, 0];
        body.extend([0; 60]);
        body.extend(uid.to_ne_bytes());
        body.extend(inode.to_ne_bytes());
        for (kind, value) in attributes {
            body.extend(u16::try_from(value.len() + 4).unwrap().to_ne_bytes());
            body.extend(kind.to_ne_bytes());
            body.extend(*value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        message(SOCK_DIAG_BY_FAMILY, &body)
    }

    fn message(kind: u16, body: &[u8]) -> Vec<u8> {
        let mut bytes = u32::try_from(body.len() + 16).unwrap().to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend([0; 2]);
        bytes.extend(7_u32.to_ne_bytes());
        bytes.extend([0; 4]);
        bytes.extend(body);
        bytes
    }

    #[test]
    fn a_question_is_as_the_kernel_reads_it() {
        let key = |transport| FlowKey {
            transport,
            src: "10.0.0.2:50000".parse().unwrap(),
            dst: "192.0.2.1:443".parse().unwrap(),
        };
        let tcp = question(&key(Transport::Tcp), 7);
        assert_eq!(tcp[..4], 72_u32.to_ne_bytes());
        assert_eq!(tcp[16..20], [AF_INET, IPPROTO_TCP, 0, 0]);
        assert_eq!(tcp[24..28], [0xc3, 0x50, 0x01, 0xbb]);
        assert_eq!((&tcp[28..32], &tcp[44..48]), (&[10, 0, 0, 2][..], &[192, 0, 2, 1][..]));
        let udp = question(&key(Transport::Udp), 7);
        assert_eq!(udp[24..28], [0x01, 0xbb, 0xc3, 0x50], "the other way round");
    }

    #[test]
    fn an_answer_tells_account_and_control_group() {
        let (id, mark) = (77_u64.to_ne_bytes(), [0_u8]);
        let attributes: &[(u16, &[u8])] = &[(8, &mark), (21, &id), (22, &[1, 2])];
        let held = Socket { uid: Some(1_000), cgroup: Some(77) };
        assert_eq!(answer(&told(1, 1_000, 5, attributes)), Some((7, Some(held))));
        let older_kernel = Socket { cgroup: None, ..held };
        assert_eq!(answer(&told(1, 1_000, 5, &attributes[..1])), Some((7, Some(older_kernel))));
        let closed = Socket { uid: None, ..held };
        assert_eq!(answer(&told(TIME_WAIT, 0, 0, attributes)), Some((7, Some(closed))));
        assert_eq!(answer(&told(4, 0, 0, attributes)), Some((7, Some(closed))), "closed, not yet gone");
        assert_eq!(answer(&message(NLMSG_ERROR, &[0xfe, 0xff, 0xff, 0xff])), Some((7, None)));
        assert_eq!(answer(&message(3, &[])), None);
    }

    #[test]
    fn an_answer_cut_short_is_no_answer() {
        let whole = told(1, 1_000, 5, &[(21, &77_u64.to_ne_bytes())]);
        for length in 0..whole.len() {
            assert_eq!(answer(&whole[..length]), None, "{length}");
        }
        let mut long = whole.clone();
        let at = 16 + 72;
        long[at..at + 2].copy_from_slice(&u16::MAX.to_ne_bytes());
        assert_eq!(answer(&long).unwrap().1.unwrap().cgroup, None);
        long[at..at + 2].copy_from_slice(&0_u16.to_ne_bytes());
        assert_eq!(answer(&long).unwrap().1.unwrap().cgroup, None);
    }

    proptest! {
        #[test]
        fn no_answer_panics(bytes: Vec<u8>, attributes: Vec<u8>) {
            let _ = answer(&bytes);
            let mut whole = told(1, 1, 1, &[]);
            whole.extend(&attributes);
            let length = u32::try_from(whole.len()).unwrap();
            whole[..4].copy_from_slice(&length.to_ne_bytes());
            let _ = answer(&whole);
        }
    }
}
