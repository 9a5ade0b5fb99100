//! Files of SOPS whose keys are age's: read, checked, written.
