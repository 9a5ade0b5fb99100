use base64::{Engine, engine::general_purpose::STANDARD};

use super::*;

fn key(byte: u8) -> String {
    STANDARD.encode([byte; 32]) + "\n"
}

fn names(content: &Content) -> Vec<&str> {
    content.0.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn names_with_numbers_are_ordered_as_people_do() {
    let mut names = ["key-10", "key-9", "key", "2026-11", "2026-9", "key-9b", "other"];
    names.sort_by(|one, other| in_order(one, other));
    assert_eq!(names, ["2026-9", "2026-11", "key", "key-9", "key-9b", "key-10", "other"]);
}

#[test]
fn in_a_mounted_secret_the_last_name_comes_first_and_what_the_kubelet_keeps_there_is_no_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("..2026_11_30");
    fs::create_dir(&data).expect("a folder");
    for (name, byte) in [("key-9", 9), ("key-10", 10)] {
        fs::write(data.join(name), key(byte)).expect("a file");
        std::os::unix::fs::symlink(data.join(name), folder.path().join(name)).expect("a link");
    }
    std::os::unix::fs::symlink(&data, folder.path().join("..data")).expect("a link");
    let content = SessionKeys(folder.path().to_owned()).read().expect("keys");
    assert_eq!(names(&content), ["key-10", "key-9"]);
}

#[test]
fn files_that_are_of_no_use_are_named_and_not_quoted() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let error = |path: PathBuf| {
        let keys = SessionKeys(path);
        let ring = keys.read().and_then(|content| Ok(KeyRing::from_texts(&content.texts(), Instant::now())?));
        format!("{:#}", ring.err().expect("an error"))
    };
    assert!(error(at("none")).contains("none"));
    fs::write(at("bad"), key(1) + "c2VjcmV0").expect("a file");
    assert_eq!(error(at("bad")), "line 2 of bad is not base64 of at least 32 bytes");
    fs::write(at("long"), "x".repeat(70_000)).expect("a file");
    assert!(error(at("long")).contains("longer than"));
    fs::create_dir(at("empty")).expect("a folder");
    assert_eq!(error(at("empty")), "the session key file has no key");
}

#[test]
fn keys_are_followed_and_bad_ones_change_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key");
    fs::write(&path, key(1)).expect("a file");
    let keys = SessionKeys(path.clone());
    let (mut known, ring) = (keys.read().expect("a key"), KeyRing::from_text(&key(1)).expect("a key"));
    assert!(keys.renew(&mut known, &ring).is_ok_and(|is_new| !is_new));
    fs::write(&path, "nothing").expect("a file");
    assert!(keys.renew(&mut known, &ring).is_err());
    fs::write(&path, key(2) + key(1).as_str()).expect("a file");
    assert!(keys.renew(&mut known, &ring).is_ok_and(|is_new| is_new));
    assert!(!ring.seals_in(Instant::now()).is_zero());
    assert!(keys.renew(&mut known, &ring).is_ok_and(|is_new| !is_new));
}
