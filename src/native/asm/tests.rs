//! What is encoded, read back by a decoder that knows nothing of it.

use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register};

use super::*;

type Emit = fn(&mut Asm);

const FORMS: [(Form, &[usize], &[Reg]); 2] =
    [(Form::Vex, &[1, 4], &[0, 5, 9, 15]), (Form::Evex, &[8], &[0, 7, 12, 17, 31])];

fn decode(asm: &Asm) -> Instruction {
    let mut decoder = Decoder::new(64, &asm.code, DecoderOptions::NONE);
    let i = decoder.decode();
    assert_eq!(i.len(), asm.code.len(), "{:02x?} is {i:?}", asm.code);
    i
}

#[test]
fn three_operands() {
    let ops = [
        (ADD, Mnemonic::Vaddpd),
        (SUB, Mnemonic::Vsubpd),
        (MUL, Mnemonic::Vmulpd),
        (DIV, Mnemonic::Vdivpd),
        (MIN, Mnemonic::Vminpd),
        (MAX, Mnemonic::Vmaxpd),
        (AND, Mnemonic::Vandpd),
        (OR, Mnemonic::Vorpd),
        (XOR, Mnemonic::Vxorpd),
        (INT_ADD, Mnemonic::Vpaddq),
        (INT_SUB, Mnemonic::Vpsubq),
        (fma_213(Signs::default()), Mnemonic::Vfmadd213pd),
        (fma_231(Signs::default()), Mnemonic::Vfmadd231pd),
    ];
    for (form, lanes, regs) in FORMS {
        for ((o, mnemonic), &lanes) in ops.iter().flat_map(|o| lanes.iter().map(move |l| (o, l))) {
            for (&out, &first, &rm) in
                regs.iter().flat_map(|a| regs.iter().flat_map(move |b| regs.iter().map(move |c| (a, b, c))))
            {
                let mut asm = Asm::new(form, false);
                asm.lanes = lanes;
                asm.vector(*o, out, first, Rm::Reg(rm), None, Deco::default());
                let i = decode(&asm);
                let numbers = [0, 1, 2].map(|k| i.op_register(k).number());
                assert_eq!(i.mnemonic(), *mnemonic);
                assert_eq!(numbers, [out, first, rm].map(usize::from));
                let sizes = [0, 1, 2].map(|k| i.op_register(k).size());
                assert_eq!(sizes, [lanes.max(2) * 8; 3]);
            }
        }
    }
}

#[test]
fn memory_operands() {
    for (form, lanes, regs) in FORMS {
        let lanes = lanes[lanes.len() - 1];
        for &reg in regs {
            for base in [RAX, RDX, RDI, 3, 5, 8, 11, 12, 13, 14, 15] {
                for disp in [0, 8, 64, 72, 640, 100_000] {
                    for rm in [Rm::At(base, disp), Rm::Element(base, disp)] {
                        let mut asm = Asm::new(form, false);
                        asm.lanes = lanes;
                        asm.vector(LOAD, reg, 0, rm, None, Deco::default());
                        let i = decode(&asm);
                        assert_eq!(i.mnemonic(), Mnemonic::Vmovupd);
                        assert_eq!(i.op_register(0).number(), usize::from(reg));
                        assert_eq!(i.op_kind(1), OpKind::Memory);
                        assert_eq!(i.memory_base().number(), usize::from(base));
                        assert_eq!(i.memory_displacement64(), u64::try_from(disp).unwrap_or(0));
                        let indexed = matches!(rm, Rm::Element(..));
                        assert_eq!(i.memory_index() == Register::RCX, indexed);
                        assert!(!indexed || i.memory_index_scale() == 8);
                    }
                }
            }
        }
    }
}

#[test]
fn gathers() {
    for (form, mask, index) in
        [(Form::Vex, 14, 9), (Form::Vex, 3, 2), (Form::Evex, 0, 12), (Form::Evex, 0, 27)]
    {
        for base in [RAX, 9] {
            let mut asm = Asm::new(form, false);
            asm.lanes = asm.widest();
            let deco = Deco { mask: if form == Form::Evex { 7 } else { 0 }, ..Deco::default() };
            asm.vector(GATHER, 15, mask, Rm::Index(base, index), None, deco);
            let i = decode(&asm);
            assert_eq!(i.mnemonic(), Mnemonic::Vgatherqpd);
            assert_eq!(i.op_register(0).number(), 15);
            assert_eq!(i.memory_base().number(), usize::from(base));
            assert_eq!((i.memory_index().number(), i.memory_index_scale()), (usize::from(index), 8));
            match form {
                Form::Vex => assert_eq!(i.op_register(2).number(), usize::from(mask)),
                Form::Evex => assert_eq!((i.op_mask(), i.memory_index().size()), (Register::K7, 64)),
            }
        }
    }
    let mut asm = Asm::new(Form::Evex, false);
    asm.address(RAX, 0x1234_5678_9abc);
    let i = decode(&asm);
    assert_eq!(
        (i.mnemonic(), i.op0_register(), i.immediate64()),
        (Mnemonic::Mov, Register::RAX, 0x1234_5678_9abc)
    );
}

/// Sixteen bytes, or eight and eight, from where `rax` says; the numbers of doubles and singles are as far apart.
#[test]
fn lanes_one_by_one() {
    let cases = [
        (LOAD, None, false, 16, Mnemonic::Vmovupd, 0),
        (HALF, Some(1), false, 32, Mnemonic::Vinsertf128, 5),
        (LOW, None, true, 16, Mnemonic::Vmovsd, 0),
        (HIGH, None, true, 16, Mnemonic::Vmovhps, 5),
    ];
    for (o, imm, single, bytes, mnemonic, first) in cases {
        let mut asm = Asm::new(Form::Vex, single);
        asm.lanes = bytes / asm.size();
        asm.vector(o, 11, first, Rm::Eights(RSI), imm, Deco::default());
        let i = decode(&asm);
        assert_eq!((i.mnemonic(), i.op_register(0).number()), (mnemonic, 11));
        assert_eq!(i.op_register(0).size(), bytes);
        assert_eq!((i.memory_base(), i.memory_index()), (Register::RSI, Register::RAX));
        assert_eq!(i.memory_index_scale(), 8);
        let mut asm = Asm::new(Form::Vex, single);
        asm.load_index(RDX, 72);
        let i = decode(&asm);
        assert_eq!((i.mnemonic(), i.op_register(0).size()), (Mnemonic::Mov, if single { 4 } else { 8 }));
        assert_eq!((i.memory_base(), i.memory_displacement64()), (Register::RDX, 72));
    }
}

#[test]
fn masks_and_broadcasts() {
    let mut asm = Asm::new(Form::Evex, false);
    asm.lanes = 8;
    let deco = Deco { mask: 1, zero: true, broadcast: false };
    asm.vector(LOAD, 20, 0, Rm::Element(9, 64), None, deco);
    let i = decode(&asm);
    assert_eq!((i.op_mask(), i.zeroing_masking()), (Register::K1, true));

    let mut asm = Asm::new(Form::Evex, false);
    asm.lanes = 8;
    asm.vector(ADD, 20, 3, Rm::Pool(0), None, Deco { broadcast: true, ..Deco::default() });
    assert!(decode(&asm).is_broadcast());
    asm.pool(&[1, 2]);
    let mut decoder = Decoder::new(64, &asm.code, DecoderOptions::NONE);
    assert_eq!(decoder.decode().ip_rel_memory_address(), 64);

    let mut asm = Asm::new(Form::Evex, false);
    asm.mask_op(0x41, 3, 4, 5);
    let i = decode(&asm);
    assert_eq!(i.mnemonic(), Mnemonic::Kandw);
    assert_eq!([0, 1, 2].map(|k| i.op_register(k).number()), [3, 4, 5]);
}

#[test]
fn general_instructions() {
    let cases: [(Emit, Mnemonic, &[Register]); 13] = [
        (|a| a.copy(10, RCX), Mnemonic::Mov, &[Register::R10, Register::RCX]),
        (|a| a.sum(RAX, RCX, 16), Mnemonic::Lea, &[Register::RAX]),
        (|a| a.compare_with(RAX, RSI), Mnemonic::Cmp, &[Register::RAX, Register::RSI]),
        (|a| a.all_hold(), Mnemonic::Mov, &[Register::R11D]),
        (|a| a.hold(), Mnemonic::And, &[Register::R11D, Register::EAX]),
        (|a| a.invert(), Mnemonic::Not, &[Register::EAX]),
        (|a| a.first_bit_only(), Mnemonic::Or, &[Register::EAX]),
        (|a| a.next_vector(), Mnemonic::Shr, &[Register::EAX]),
        (|a| a.mask_to_eax(6), Mnemonic::Kmovw, &[Register::EAX, Register::K6]),
        (|a| a.push(3), Mnemonic::Push, &[Register::RBX]),
        (|a| a.push(13), Mnemonic::Push, &[Register::R13]),
        (|a| a.pop(5), Mnemonic::Pop, &[Register::RBP]),
        (|a| a.pop(12), Mnemonic::Pop, &[Register::R12]),
    ];
    for (emit, mnemonic, registers) in cases {
        let mut asm = Asm::new(Form::Evex, false);
        emit(&mut asm);
        let i = decode(&asm);
        assert_eq!(i.mnemonic(), mnemonic);
        for (k, r) in (0..).zip(registers) {
            assert_eq!(i.op_register(k), *r);
        }
    }
}

#[test]
fn counters_in_the_table() {
    let cases: [(Emit, Mnemonic); 4] = [
        (|a| a.add_to(72), Mnemonic::Add),
        (|a| a.add_from(3, 72), Mnemonic::Add),
        (|a| a.add_from(13, 72), Mnemonic::Add),
        (|a| a.count_down(72), Mnemonic::Dec),
    ];
    for (emit, mnemonic) in cases {
        let mut asm = Asm::new(Form::Evex, false);
        emit(&mut asm);
        let i = decode(&asm);
        assert_eq!((i.mnemonic(), i.memory_base()), (mnemonic, Register::RDI));
        assert_eq!((i.memory_displacement64(), i.memory_size().size()), (72, 8));
    }
}

#[test]
fn signs_of_fused_operations() {
    let names = [
        [Mnemonic::Vfmadd213pd, Mnemonic::Vfmsub213pd, Mnemonic::Vfnmadd213pd, Mnemonic::Vfnmsub213pd],
        [Mnemonic::Vfmadd231pd, Mnemonic::Vfmsub231pd, Mnemonic::Vfnmadd231pd, Mnemonic::Vfnmsub231pd],
    ];
    for (form, lanes, _) in FORMS {
        for k in 0..4 {
            let signs = Signs { product: k & 2 != 0, sum: k & 1 != 0 };
            for (o, names) in [fma_213(signs), fma_231(signs)].into_iter().zip(names) {
                let mut asm = Asm::new(form, false);
                asm.lanes = lanes[lanes.len() - 1];
                asm.vector(o, 1, 2, Rm::Reg(3), None, Deco::default());
                assert_eq!(decode(&asm).mnemonic(), names[k]);
            }
        }
    }
}

#[test]
fn lanes_of_partial_results() {
    for base in [RAX, 8] {
        let mut asm = Asm::new(Form::Vex, false);
        asm.vector(LOAD_ONE, 9, 0, Rm::Lane(base), None, Deco::default());
        let i = decode(&asm);
        assert_eq!((i.mnemonic(), i.memory_index()), (Mnemonic::Vmovsd, Register::R10));
        assert_eq!((i.memory_base().number(), i.memory_index_scale()), (usize::from(base), 8));
    }
}

#[test]
fn instructions_of_few_forms() {
    let mut asm = Asm::new(Form::Evex, false);
    asm.lanes = 8;
    asm.vector(STREAM, 17, 0, Rm::Element(9, 64), None, Deco::default());
    let i = decode(&asm);
    assert_eq!((i.mnemonic(), i.memory_displacement64()), (Mnemonic::Vmovntpd, 64));
    let mut asm = Asm::new(Form::Evex, false);
    asm.fence();
    assert_eq!(decode(&asm).mnemonic(), Mnemonic::Sfence);
    let mut asm = Asm::new(Form::Evex, false);
    asm.add_head();
    let i = decode(&asm);
    assert_eq!(
        (i.mnemonic(), i.op_register(0), i.op_register(1)),
        (Mnemonic::Add, Register::RCX, Register::R10)
    );
    let mut asm = Asm::new(Form::Evex, false);
    asm.head_length();
    let found = Decoder::new(64, &asm.code, DecoderOptions::NONE).into_iter().map(|i| i.mnemonic());
    let expected = [Mnemonic::Neg, Mnemonic::Shr, Mnemonic::And];
    assert_eq!(found.collect::<Vec<_>>(), expected);
    let mut asm = Asm::new(Form::Evex, false);
    asm.lanes = 8;
    asm.vector(SCALE, 20, 3, Rm::Reg(30), None, Deco::default());
    assert_eq!(decode(&asm).mnemonic(), Mnemonic::Vscalefpd);
    for (form, lanes, regs) in FORMS {
        let mut asm = Asm::new(form, false);
        asm.lanes = lanes[lanes.len() - 1];
        asm.vector(CMP_BITS, 2, 3, Rm::Reg(regs[2]), None, Deco::default());
        assert_eq!(decode(&asm).mnemonic(), Mnemonic::Vpcmpeqq);
        let mut asm = Asm::new(form, false);
        asm.lanes = lanes[lanes.len() - 1];
        asm.vector(CMP_ABOVE, 2, 3, Rm::Reg(regs[2]), None, Deco::default());
        assert_eq!(decode(&asm).mnemonic(), Mnemonic::Vpcmpgtq);
    }
    let mut asm = Asm::new(Form::Vex, false);
    asm.lanes = 4;
    asm.vector(SIGNS, RAX, 0, Rm::Reg(9), None, Deco::default());
    let i = decode(&asm);
    assert_eq!(
        (i.mnemonic(), i.op_register(0), i.op_register(1)),
        (Mnemonic::Vmovmskpd, Register::EAX, Register::YMM9)
    );
}

/// Each instruction on singles: its name, and one number and a displacement of one number as operands.
#[test]
fn singles() {
    let ops = [
        (ADD, Mnemonic::Vaddps),
        (SUB, Mnemonic::Vsubps),
        (MUL, Mnemonic::Vmulps),
        (DIV, Mnemonic::Vdivps),
        (MIN, Mnemonic::Vminps),
        (MAX, Mnemonic::Vmaxps),
        (AND, Mnemonic::Vandps),
        (OR, Mnemonic::Vorps),
        (XOR, Mnemonic::Vxorps),
        (INT_ADD, Mnemonic::Vpaddd),
        (INT_SUB, Mnemonic::Vpsubd),
        (fma_213(Signs::default()), Mnemonic::Vfmadd213ps),
        (fma_231(Signs::default()), Mnemonic::Vfmadd231ps),
    ];
    let others = [
        (SQRT, None, Mnemonic::Vsqrtps),
        (LOAD, None, Mnemonic::Vmovups),
        (COPY, None, Mnemonic::Vmovaps),
        (CMP, Some(1), Mnemonic::Vcmpps),
        (CMP_BITS, None, Mnemonic::Vpcmpeqd),
        (CMP_ABOVE, None, Mnemonic::Vpcmpgtd),
    ];
    for (form, lanes) in [(Form::Vex, 8), (Form::Evex, 16)] {
        let three = ops.iter().map(|&(o, name)| (o, None, name));
        for (o, imm, name) in three.chain(others) {
            let two = [SQRT, LOAD, COPY].iter().any(|t| t.double == o.double);
            let mut asm = Asm::new(form, true);
            asm.lanes = lanes;
            asm.vector(o, 1, if two { 0 } else { 2 }, Rm::Reg(3), imm, Deco::default());
            let i = decode(&asm);
            assert_eq!(i.mnemonic(), name);
            assert_eq!(i.op_register(i.op_count() - 1 - u32::from(imm.is_some())).size(), lanes * 4);
        }
        let mut asm = Asm::new(form, true);
        asm.lanes = lanes;
        asm.vector(LOAD, 3, 0, Rm::Element(9, 192), None, Deco::default());
        let i = decode(&asm);
        assert_eq!((i.memory_index_scale(), i.memory_displacement64()), (4, 192));
        for (o, name) in [(LOAD_ONE, Mnemonic::Vmovss), (BROADCAST, Mnemonic::Vbroadcastss)] {
            let mut asm = Asm::new(form, true);
            asm.lanes = lanes;
            asm.vector(o, 3, 0, Rm::At(RAX, 12), None, Deco::default());
            let i = decode(&asm);
            assert_eq!((i.mnemonic(), i.memory_displacement64()), (name, 12));
        }
        let mut asm = Asm::new(form, true);
        asm.lanes = lanes;
        asm.vector(SHIFT, 6, 4, Rm::Reg(5), Some(23), Deco::default());
        assert_eq!(decode(&asm).mnemonic(), Mnemonic::Vpslld);
        let round = if form == Form::Vex { Mnemonic::Vroundps } else { Mnemonic::Vrndscaleps };
        let mut asm = Asm::new(form, true);
        asm.lanes = lanes;
        asm.vector(ROUND, 6, 0, Rm::Reg(5), Some(8), Deco::default());
        assert_eq!(decode(&asm).mnemonic(), round);
    }
    let mut asm = Asm::new(Form::Evex, true);
    asm.lanes = 16;
    asm.vector(SCALE, 20, 3, Rm::Pool(1), None, Deco { broadcast: true, ..Deco::default() });
    asm.pool(&[1, 2]);
    let i = Decoder::new(64, &asm.code, DecoderOptions::NONE).decode();
    assert_eq!((i.mnemonic(), i.ip_rel_memory_address()), (Mnemonic::Vscalefps, 68));
    let few: [(Opcode, Form, Mnemonic); 4] = [
        (BLEND_MASK, Form::Evex, Mnemonic::Vblendmps),
        (STREAM, Form::Evex, Mnemonic::Vmovntps),
        (BLEND_SIGN, Form::Vex, Mnemonic::Vblendvps),
        (SIGNS, Form::Vex, Mnemonic::Vmovmskps),
    ];
    for (o, form, name) in few {
        let mut asm = Asm::new(form, true);
        asm.lanes = form.bytes() / 4;
        let imm = (name == Mnemonic::Vblendvps).then_some(0x40);
        let memory = name == Mnemonic::Vmovntps;
        let rm = if memory { Rm::At(RAX, 64) } else { Rm::Reg(5) };
        asm.vector(
            o,
            1,
            if imm.is_some() || name == Mnemonic::Vblendmps { 2 } else { 0 },
            rm,
            imm,
            Deco::default(),
        );
        assert_eq!(decode(&asm).mnemonic(), name);
    }
}

#[test]
fn orders_of_numbers() {
    let evex = Form::Evex;
    let cases = [
        (evex, false, QUARTERS, Mnemonic::Vshuff64x2),
        (evex, true, QUARTERS, Mnemonic::Vshuff32x4),
        (evex, false, NEIGHBOURS, Mnemonic::Vpermilpd),
        (evex, true, NEIGHBOURS, Mnemonic::Vpermilps),
        (Form::Vex, false, HALVES, Mnemonic::Vperm2f128),
        (Form::Vex, true, HALVES, Mnemonic::Vperm2f128),
        (Form::Vex, false, NEIGHBOURS, Mnemonic::Vpermilpd),
        (Form::Vex, true, NEIGHBOURS, Mnemonic::Vpermilps),
    ];
    for (form, single, o, mnemonic) in cases {
        let mut asm = Asm::new(form, single);
        asm.lanes = asm.widest();
        let first = if o.double == NEIGHBOURS.double { 0 } else { 6 };
        asm.vector(o, 5, first, Rm::Reg(7), Some(0x4E), Deco::default());
        let i = decode(&asm);
        assert_eq!(i.mnemonic(), mnemonic);
        assert_eq!(i.op_register(0).number(), 5);
        let last = i.op_count() - 2;
        assert_eq!((i.op_register(last).number(), i.immediate8()), (7, 0x4E));
        assert!(first == 0 || i.op_register(1).number() == 6);
    }
}

#[test]
fn lines_that_are_fetched() {
    for (base, single, written) in
        [(RAX, false, false), (RDI, true, true), (9, false, true), (13, true, false)]
    {
        let mut asm = Asm::new(Form::Evex, single);
        asm.fetch(Rm::Element(base, 192), written);
        let i = decode(&asm);
        assert_eq!(i.mnemonic(), if written { Mnemonic::Prefetchw } else { Mnemonic::Prefetcht1 });
        assert_eq!(i.memory_base().number(), usize::from(base));
        assert_eq!((i.memory_index(), i.memory_index_scale()), (Register::RCX, if single { 4 } else { 8 }));
        assert_eq!(i.memory_displacement64(), 192);
    }
}
