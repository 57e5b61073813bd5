//! Classic BPF, linux/filter.h, with places instead of jump distances.

/// What the kernel knows of a packet besides its bytes, by the offset that stands for it.
#[derive(Clone, Copy)]
pub(super) struct Ancillary(pub(super) u32);

impl Ancillary {
    /// The `EtherType`, also where there is no Ethernet header.
    pub(super) const PROTOCOL: Self = Self(0xffff_f000);
    /// Ours, somebody else's, or one that we send.
    pub(super) const PACKET_TYPE: Self = Self(0xffff_f004);
    /// The interface's index.
    pub(super) const INTERFACE: Self = Self(0xffff_f008);
    /// The VLAN tag that the kernel or the card took off; 0 for none.
    pub(super) const VLAN_TAG: Self = Self(0xffff_f02c);
}

/// A word of scratch memory, 0 to 15.
#[derive(Clone, Copy)]
pub(super) struct Scratch(pub(super) u32);

/// A program being written, with `L` for its places. `A` is the accumulator, `X` the index register.
///
/// Offsets count from the IP header. They are positive ones of the frame: the kernel's offsets "from the network
/// header" end where a packet's first piece of memory does, and payloads lie beyond.
pub(super) struct Assembler<L> {
    link_bytes: u32,
    instructions: Vec<Instruction<L>>,
    places: Vec<(L, usize)>,
}

/// One instruction; a jump still names its place.
struct Instruction<L> {
    op: u32,
    to: Option<L>,
    value: u32,
}

/// One instruction as the kernel takes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Code {
    pub(super) op: u16,
    /// Instructions to pass over where the condition holds.
    pub(super) yes: u8,
    /// And where it does not.
    pub(super) no: u8,
    pub(super) value: u32,
}

impl<L: Copy + PartialEq + std::fmt::Debug> Assembler<L> {
    pub(super) fn new(link_bytes: u32) -> Self {
        Self { link_bytes, instructions: Vec::new(), places: Vec::new() }
    }

    /// What follows stands at `place`.
    pub(super) fn place(&mut self, place: L) -> &mut Self {
        self.places.push((place, self.instructions.len()));
        self
    }

    /// A = the byte at `offset`.
    pub(super) fn load_u8(&mut self, offset: u32) -> &mut Self {
        self.add_op(op::LOAD_U8, self.link_bytes + offset)
    }

    /// A = the two bytes at `offset`.
    pub(super) fn load_u16(&mut self, offset: u32) -> &mut Self {
        self.add_op(op::LOAD_U16, self.link_bytes + offset)
    }

    /// A = the byte at X + `offset`.
    pub(super) fn load_u8_x(&mut self, offset: u32) -> &mut Self {
        self.add_op(op::LOAD_U8_X, self.link_bytes + offset)
    }

    /// A = the two bytes at X + `offset`.
    pub(super) fn load_u16_x(&mut self, offset: u32) -> &mut Self {
        self.add_op(op::LOAD_U16_X, self.link_bytes + offset)
    }

    /// A = the four bytes at X + `offset`.
    pub(super) fn load_u32_x(&mut self, offset: u32) -> &mut Self {
        self.add_op(op::LOAD_U32_X, self.link_bytes + offset)
    }

    /// A = what the kernel knows.
    pub(super) fn load_ancillary(&mut self, field: Ancillary) -> &mut Self {
        self.add_op(op::LOAD_U32, field.0)
    }

    /// A = the word stored.
    pub(super) fn load(&mut self, from: Scratch) -> &mut Self {
        self.add_op(op::LOAD_SCRATCH, from.0)
    }

    /// The word is A.
    pub(super) fn store(&mut self, to: Scratch) -> &mut Self {
        self.add_op(op::STORE, to.0)
    }

    /// X = length of the IPv4 header.
    pub(super) fn x_is_ipv4_header_length(&mut self) -> &mut Self {
        self.add_op(op::X_HEADER, self.link_bytes)
    }

    /// X = `value`.
    pub(super) fn x_is(&mut self, value: u32) -> &mut Self {
        self.add_op(op::X_VALUE, value)
    }

    /// X = A.
    pub(super) fn x_is_a(&mut self) -> &mut Self {
        self.add_op(op::X_A, 0)
    }

    /// A = `value`.
    pub(super) fn a_is(&mut self, value: u32) -> &mut Self {
        self.add_op(op::A_VALUE, value)
    }

    /// A += `value`.
    pub(super) fn add(&mut self, value: u32) -> &mut Self {
        self.add_op(op::ADD, value)
    }

    /// A += X.
    pub(super) fn add_x(&mut self) -> &mut Self {
        self.add_op(op::ADD_X, 0)
    }

    /// A -= X, wrapping.
    pub(super) fn subtract_x(&mut self) -> &mut Self {
        self.add_op(op::SUBTRACT_X, 0)
    }

    /// A &= `value`.
    pub(super) fn and(&mut self, value: u32) -> &mut Self {
        self.add_op(op::AND, value)
    }

    /// A >>= `bits`.
    pub(super) fn shift_right(&mut self, bits: u32) -> &mut Self {
        self.add_op(op::SHIFT_RIGHT, bits)
    }

    /// To `place` if A = `value`.
    pub(super) fn if_equal(&mut self, value: u32, place: L) -> &mut Self {
        self.add_jump(op::IF_EQUAL, value, place)
    }

    /// To `place` if A >= `value`.
    pub(super) fn if_at_least(&mut self, value: u32, place: L) -> &mut Self {
        self.add_jump(op::IF_AT_LEAST, value, place)
    }

    /// To `place` if A has any of these bits.
    pub(super) fn if_any_bit(&mut self, bits: u32, place: L) -> &mut Self {
        self.add_jump(op::IF_ANY_BIT, bits, place)
    }

    /// To `place` in any case.
    pub(super) fn jump(&mut self, place: L) -> &mut Self {
        self.add_jump(op::JUMP, 0, place)
    }

    /// Hands over so many bytes of the frame; none of it for 0.
    pub(super) fn give(&mut self, bytes: u32) -> &mut Self {
        self.add_op(op::GIVE, bytes)
    }

    /// Hands over A bytes of the packet and what stands before its IP header.
    pub(super) fn give_a(&mut self) -> &mut Self {
        if self.link_bytes > 0 {
            self.add(self.link_bytes);
        }
        self.add_op(op::GIVE_A, 0)
    }

    /// The program with its jumps. Places lie ahead of their jumps and within 255 instructions: the tests see to it.
    pub(super) fn finish(self) -> Vec<Code> {
        let code = |(at, instruction): (usize, &Instruction<L>)| {
            let op = u16::try_from(instruction.op).expect("operations have 16 bits");
            let Some(place) = instruction.to else {
                return Code { op, yes: 0, no: 0, value: instruction.value };
            };
            let ahead = self
                .places
                .iter()
                .find(|(name, _)| *name == place)
                .and_then(|(_, to)| to.checked_sub(at + 1));
            let ahead = ahead.unwrap_or_else(|| panic!("no place {place:?} ahead of instruction {at}"));
            if instruction.op == op::JUMP {
                let value = u32::try_from(ahead).expect("a program is short");
                return Code { op, yes: 0, no: 0, value };
            }
            let yes = u8::try_from(ahead).expect("a place is within 255 instructions");
            Code { op, yes, no: 0, value: instruction.value }
        };
        self.instructions.iter().enumerate().map(code).collect()
    }

    fn add_op(&mut self, op: u32, value: u32) -> &mut Self {
        self.instructions.push(Instruction { op, to: None, value });
        self
    }

    fn add_jump(&mut self, op: u32, value: u32, place: L) -> &mut Self {
        self.instructions.push(Instruction { op, to: Some(place), value });
        self
    }
}

pub(super) mod op {
    //! The operations in use, as `linux/bpf_common.h` puts them together.

    use libc::{
        BPF_A, BPF_ABS, BPF_ADD, BPF_ALU, BPF_AND, BPF_B, BPF_H, BPF_IMM, BPF_IND, BPF_JA, BPF_JEQ, BPF_JGE,
        BPF_JMP, BPF_JSET, BPF_K, BPF_LD, BPF_LDX, BPF_MEM, BPF_MISC, BPF_MSH, BPF_RET, BPF_RSH, BPF_ST,
        BPF_SUB, BPF_TAX, BPF_W, BPF_X,
    };

    pub(in super::super) const LOAD_U8: u32 = BPF_LD | BPF_B | BPF_ABS;
    pub(in super::super) const LOAD_U16: u32 = BPF_LD | BPF_H | BPF_ABS;
    pub(in super::super) const LOAD_U32: u32 = BPF_LD | BPF_W | BPF_ABS;
    pub(in super::super) const LOAD_U8_X: u32 = BPF_LD | BPF_B | BPF_IND;
    pub(in super::super) const LOAD_U16_X: u32 = BPF_LD | BPF_H | BPF_IND;
    pub(in super::super) const LOAD_U32_X: u32 = BPF_LD | BPF_W | BPF_IND;
    pub(in super::super) const LOAD_SCRATCH: u32 = BPF_LD | BPF_MEM;
    pub(in super::super) const STORE: u32 = BPF_ST;
    pub(in super::super) const X_HEADER: u32 = BPF_LDX | BPF_B | BPF_MSH;
    pub(in super::super) const X_VALUE: u32 = BPF_LDX | BPF_IMM;
    pub(in super::super) const X_A: u32 = BPF_MISC | BPF_TAX;
    pub(in super::super) const A_VALUE: u32 = BPF_LD | BPF_IMM;
    pub(in super::super) const ADD: u32 = BPF_ALU | BPF_ADD | BPF_K;
    pub(in super::super) const ADD_X: u32 = BPF_ALU | BPF_ADD | BPF_X;
    pub(in super::super) const SUBTRACT_X: u32 = BPF_ALU | BPF_SUB | BPF_X;
    pub(in super::super) const AND: u32 = BPF_ALU | BPF_AND | BPF_K;
    pub(in super::super) const SHIFT_RIGHT: u32 = BPF_ALU | BPF_RSH | BPF_K;
    pub(in super::super) const JUMP: u32 = BPF_JMP | BPF_JA;
    pub(in super::super) const IF_EQUAL: u32 = BPF_JMP | BPF_JEQ | BPF_K;
    pub(in super::super) const IF_AT_LEAST: u32 = BPF_JMP | BPF_JGE | BPF_K;
    pub(in super::super) const IF_ANY_BIT: u32 = BPF_JMP | BPF_JSET | BPF_K;
    pub(in super::super) const GIVE: u32 = BPF_RET | BPF_K;
    pub(in super::super) const GIVE_A: u32 = BPF_RET | BPF_A;
}
