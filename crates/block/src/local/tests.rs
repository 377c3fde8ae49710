//! Behaviour of the local store beyond the conformance suite.
