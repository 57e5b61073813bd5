//! What the compiler refuses, entry by entry.
