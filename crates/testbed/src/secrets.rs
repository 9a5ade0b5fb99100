//! What must never be in a log: the testbed notes every secret that it makes, and each server under test is checked for
//! all of them when it ends.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use http::{HeaderMap, header::SET_COOKIE};

static PLANTED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// The shortest secret that cannot be part of a log by chance.
const LEAST: usize = 12;

/// Notes a secret.
///
/// # Panics
///
/// If it is so short that it would be found by chance: looking for it would prove nothing.
pub fn plant(secret: &str) {
    assert!(secret.len() >= LEAST, "a planted secret must have {LEAST} bytes at least");
    PLANTED.lock().unwrap_or_else(PoisonError::into_inner).insert(secret.to_owned());
}

/// Notes the values of the cookies that an answer sets: whoever has them is signed in.
pub fn plant_cookies(headers: &HeaderMap) {
    headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok()).for_each(plant_cookie);
}

/// Notes what a `Set-Cookie` header sets, unless it is nothing much.
pub(crate) fn plant_cookie(header: &str) {
    let value = header.split(';').next().and_then(|pair| pair.split_once('=')).map(|(_, value)| value);
    value.filter(|value| value.len() >= LEAST).into_iter().for_each(plant);
}

/// Notes a password, unless it is an ordinary word: of those, the hash alone is looked for.
pub(crate) fn plant_password(password: &str) {
    if password.len() >= LEAST {
        plant(password);
    }
}

/// The secrets that a text holds.
pub fn found_in(text: &str) -> Vec<String> {
    let planted = PLANTED.lock().unwrap_or_else(PoisonError::into_inner);
    planted.iter().filter(|secret| text.contains(secret.as_str())).cloned().collect()
}
