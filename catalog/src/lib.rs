//! Which name is which cloud service, for which need.
