use super::*;

mod world;

const DANA: &str = "dana@desk";

fn hash(number: u32) -> TokenHash {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    TokenHash(bytes)
}

fn sealed(number: u32) -> SealedCopy {
    SealedCopy::Token(hash(number))
}

/// A filled Secret that no rotation has made.
fn adopted(generation: u32) -> Token {
    let name = secret_name(generation);
    Token { name, generation: Some(generation), hash: Some(hash(generation)), begun_by: None, sealed_by: None }
}

/// A filled Secret that a rotation has made here.
fn begun(generation: u32) -> Token {
    Token { begun_by: Some(DANA.to_owned()), ..adopted(generation) }
}

fn situation(tokens: &[Token], [file, head, upstream]: [u32; 3]) -> Situation {
    Situation {
        tokens: tokens.to_vec(),
        copies: Copies { file: sealed(file), head: sealed(head), upstream: sealed(upstream) },
        intent: Intent::Finish,
        revoke_when: RevokeWhen::Pushed,
    }
}

fn revoke(keep: u32, sealed_in: Place, generation: u32) -> NextStep {
    NextStep::Revoke { keep: secret_name(keep), sealed_in, names: vec![secret_name(generation)] }
}

#[test]
fn a_rotation_goes_from_step_to_step_and_revokes_last() {
    let rest = situation(&[adopted(1)], [1, 1, 1]);
    assert!(!is_open(&rest));
    assert_eq!(next(&rest), NextStep::Done);
    let name = "break-glass-token-g2".to_owned();
    let asked = Situation { intent: Intent::Rotate, ..rest };
    assert_eq!(next(&asked), NextStep::Create { name: name.clone(), generation: 2 });

    let empty = Token { hash: None, ..begun(2) };
    let waiting = situation(&[adopted(1), empty], [1, 1, 1]);
    assert!(is_open(&waiting));
    assert_eq!(next(&waiting), NextStep::AwaitToken(name.clone()));
    let both = [adopted(1), begun(2)];
    assert_eq!(next(&situation(&both, [1, 1, 1])), NextStep::Seal(name));
    assert_eq!(next(&situation(&both, [2, 1, 1])), NextStep::Commit);
    assert_eq!(next(&situation(&both, [2, 2, 1])), NextStep::Push);
    assert_eq!(next(&situation(&both, [2, 2, 2])), revoke(2, Place::Upstream, 1));
    assert!(is_open(&situation(&both, [2, 2, 2])));
    assert_eq!(next(&situation(&[begun(2)], [2, 2, 2])), NextStep::Done);
}

#[test]
fn revoking_at_once_still_waits_for_the_commit_and_pushes_afterwards() {
    let both = [adopted(1), begun(2)];
    let at_once = |copies| Situation { revoke_when: RevokeWhen::Committed, ..situation(&both, copies) };
    assert_eq!(next(&at_once([2, 1, 1])), NextStep::Commit);
    assert_eq!(next(&at_once([2, 2, 1])), revoke(2, Place::Head, 1));
    let revoked = Situation { tokens: vec![begun(2)], ..at_once([2, 2, 1]) };
    assert_eq!(next(&revoked), NextStep::Push);
}

#[test]
fn without_an_upstream_the_commit_decides_and_without_a_repository_the_file() {
    let mut alone = situation(&[adopted(1), begun(2)], [2, 1, 1]);
    alone.copies.upstream = SealedCopy::NoPlace;
    assert_eq!(next(&alone), NextStep::Commit);
    alone.copies.head = sealed(2);
    assert_eq!(next(&alone), revoke(2, Place::Head, 1));
    alone.copies.head = SealedCopy::NoPlace;
    assert_eq!(next(&alone), revoke(2, Place::File, 1));
}

#[test]
fn every_secret_is_what_the_copies_and_the_others_make_it() {
    let by_hand = Token { name: "mine".to_owned(), generation: None, hash: Some(hash(90)), ..adopted(1) };
    let once_sealed = Token { sealed_by: Some(DANA.to_owned()), ..begun(5) };
    let tokens = [by_hand, adopted(1), adopted(2), begun(3), begun(4), once_sealed.clone(), begun(6)];
    let mixed = situation(&tokens, [3, 2, 2]);
    let expected = [
        Standing::ByHand,
        Standing::Superseded,
        Standing::Sealed(vec![Place::Head, Place::Upstream]),
        Standing::Sealed(vec![Place::File]),
        Standing::Orphan,
        Standing::Unsealed,
        Standing::Pending,
    ];
    assert_eq!(standings(&mixed), expected);
    assert_eq!(next(&mixed), NextStep::DeleteOrphans(vec![secret_name(4)]));
    let published = situation(&[once_sealed, begun(6)], [6, 6, 6]);
    assert_eq!(next(&published), revoke(6, Place::Upstream, 5));
}

#[test]
fn what_another_clone_has_sealed_and_not_published_becomes_the_next_one_here_too() {
    let theirs = Token { sealed_by: Some(DANA.to_owned()), ..begun(2) };
    let asked = Situation { intent: Intent::Rotate, ..situation(&[adopted(1), theirs.clone()], [1, 1, 1]) };
    assert!(is_open(&asked));
    assert_eq!(next(&asked), NextStep::Seal(secret_name(2)));
    // They have revoked the old one at once: the way in is found again.
    assert_eq!(next(&situation(&[theirs], [1, 1, 1])), NextStep::Seal(secret_name(2)));
}

#[test]
fn a_token_of_which_no_copy_is_known_is_left_alone_until_something_newer_is_published() {
    // kube-dc has rotated somewhere, and the file here is dead.
    let mut stale = situation(&[adopted(1)], [7, 7, 7]);
    assert_eq!(standings(&stale), [Standing::Unsealed]);
    assert_eq!(next(&stale), NextStep::Done);
    stale.intent = Intent::Rotate;
    assert_eq!(next(&stale), NextStep::Create { name: secret_name(2), generation: 2 });
    let published = situation(&[adopted(1), begun(2)], [2, 2, 2]);
    assert_eq!(standings(&published)[0], Standing::Superseded);
}

#[test]
fn a_copy_that_is_behind_or_cannot_be_opened_stops_everything() {
    let both = [adopted(1), begun(2)];
    let behind = |inner, outer| NextStep::Stop(Obstacle::Behind { inner, outer });
    assert_eq!(next(&situation(&both, [1, 1, 2])), behind(Place::Head, Place::Upstream));
    assert_eq!(next(&situation(&both, [1, 2, 2])), behind(Place::File, Place::Head));
    assert_eq!(next(&situation(&[begun(2)], [2, 1, 2])), behind(Place::Head, Place::Upstream), "the old one is gone");
    let mut closed = situation(&both, [2, 2, 2]);
    closed.copies.upstream = SealedCopy::Closed;
    assert_eq!(next(&closed), NextStep::Stop(Obstacle::Closed(Place::Upstream)));
}

#[test]
fn what_was_adopted_and_not_pushed_is_pushed_before_another_token_is_made() {
    let mut fresh = situation(&[adopted(1)], [1, 1, 1]);
    fresh.intent = Intent::Rotate;
    fresh.copies.upstream = SealedCopy::Nothing;
    assert!(!is_open(&fresh), "there is nothing to go, so what is asked for is another one");
    assert_eq!(next(&fresh), NextStep::Push);
}
