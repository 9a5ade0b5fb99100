use super::*;

mod world;

const HERE: &str = "desk:/fleet";
const THERE: &str = "laptop:/fleet";

fn hash(number: u32) -> TokenHash {
    TokenHash::of(&format!("token {number}"))
}

fn sealed(number: u32) -> SealedCopy {
    SealedCopy::Token(hash(number))
}

/// A filled Secret that no rotation has made.
fn adopted(generation: u32) -> Token {
    let name = secret_name(generation);
    Token { name, generation: Some(generation), hash: Some(hash(generation)), begun_in: None, sealed_in: None }
}

/// A filled Secret that a rotation has made here.
fn begun(generation: u32) -> Token {
    Token { begun_in: Some(HERE.to_owned()), ..adopted(generation) }
}

fn situation(tokens: &[Token], [file, head, upstream]: [u32; 3]) -> Situation {
    Situation {
        tokens: tokens.to_vec(),
        copies: Copies { file: sealed(file), head: sealed(head), upstream: sealed(upstream) },
        here: HERE.to_owned(),
        intent: Intent::Finish,
        revoke_when: RevokeWhen::Pushed,
        elsewhere: Elsewhere::Respect,
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
    let elsewhere = Token { sealed_in: Some(THERE.to_owned()), ..begun(5) };
    let overtaken = Token { hash: None, ..begun(4) };
    let tokens = [by_hand, adopted(1), adopted(2), begun(3), overtaken, elsewhere];
    let mut mixed = situation(&tokens, [3, 2, 2]);
    let expected = [
        Standing::ByHand,
        Standing::Superseded,
        Standing::Sealed(vec![Place::Head, Place::Upstream]),
        Standing::Sealed(vec![Place::File]),
        Standing::Orphan,
        Standing::SealedElsewhere(THERE.to_owned()),
    ];
    assert_eq!(standings(&mixed), expected);
    let clone = THERE.to_owned();
    let obstacle = Obstacle::SealedElsewhere { name: secret_name(5), clone };
    assert_eq!(next(&mixed), NextStep::Stop(obstacle));
    mixed.elsewhere = Elsewhere::Discard;
    assert_eq!(next(&mixed), NextStep::DeleteOrphans(vec![secret_name(4), secret_name(5)]));
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
