#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    elsewhere_fuzz::body::run(input);
});
