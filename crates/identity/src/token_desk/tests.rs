use std::{
    net::Ipv4Addr,
    sync::atomic::{AtomicUsize, Ordering},
};

use futures_util::FutureExt;
use tokio::time::advance;

use super::*;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

/// Knows tokens that begin with `good`, while it answers; of those that begin with `slow` it never says anything.
#[derive(Default)]
struct Registry {
    asked: AtomicUsize,
    away: Mutex<bool>,
    revoked: Mutex<bool>,
}

impl TokenReviews for Registry {
    fn who_holds(&self, token: &Token) -> BoxFuture<'static, Result<Option<Holder>, SourceError>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if token.expose().starts_with("slow") {
            return std::future::pending().boxed();
        }
        let away = *self.away.lock().expect("no panic before");
        let good = token.expose().starts_with("good") && !*self.revoked.lock().expect("no panic before");
        let answer = if away {
            Err(SourceError::Unanswered("no connection".to_owned()))
        } else {
            let user = if token.expose().starts_with("good-bob") { "bob" } else { "system:serviceaccount:ci:robot" };
            Ok(good.then(|| Holder::new(user, [], token.clone()).expect("a name")))
        };
        std::future::ready(answer).boxed()
    }
}

fn desk() -> (TokenDesk, Arc<Registry>) {
    let registry = Arc::new(Registry::default());
    let reviews: Arc<dyn TokenReviews> = Arc::<Registry>::clone(&registry);
    (TokenDesk::new(reviews), registry)
}

fn token(text: &str) -> Token {
    Token::new(text).expect("a token")
}

impl Registry {
    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

#[tokio::test(start_paused = true)]
async fn the_api_server_is_asked_once_in_half_a_minute_for_a_good_token_and_in_ten_seconds_for_a_bad_one() {
    let (desk, registry) = desk();
    for _ in 0..5 {
        let holder = desk.holder(&token("good"), HERE).await.expect("known");
        assert_eq!(holder.user().as_str(), "system:serviceaccount:ci:robot");
        assert_eq!(desk.holder(&token("bad"), HERE).await, Err(NotHeld::Unknown));
    }
    assert_eq!(registry.asked(), 2);
    advance(Known::DISTRUST).await;
    assert_eq!(desk.holder(&token("bad"), HERE).await, Err(NotHeld::Unknown));
    assert!(desk.holder(&token("good"), HERE).await.is_ok());
    assert_eq!(registry.asked(), 3);
    *registry.revoked.lock().expect("no panic before") = true;
    advance(Duration::from_secs(19)).await;
    assert!(desk.holder(&token("good"), HERE).await.is_ok(), "the last answer holds for so long");
    advance(Duration::from_secs(1)).await;
    assert_eq!(desk.holder(&token("good"), HERE).await, Err(NotHeld::Unknown));
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_does_not_answer_says_neither_yes_nor_no() {
    let (desk, registry) = desk();
    let holder = desk.holder(&token("good"), HERE).await.expect("known");
    *registry.away.lock().expect("no panic before") = true;
    advance(Known::TRUST).await;
    let error = desk.holder(&token("good"), HERE).await.expect_err("no answer");
    assert_eq!(error, NotHeld::Unanswered("no connection".to_owned()));
    assert!(desk.still_holds(&holder).await);
    *registry.away.lock().expect("no panic before") = false;
    assert!(desk.holder(&token("good"), HERE).await.is_ok(), "nothing was remembered of it");
    *registry.revoked.lock().expect("no panic before") = true;
    advance(Known::TRUST).await;
    assert!(!desk.still_holds(&holder).await);
}

#[tokio::test(start_paused = true)]
async fn who_tries_out_tokens_is_slowed_down_and_nobody_else() {
    let (desk, registry) = desk();
    desk.holder(&token("good-1"), HERE).await.expect("known");
    let mut refused = 0;
    for number in 0..100 {
        let error = desk.holder(&token(&format!("bad-{number}")), HERE).await.expect_err("unknown");
        refused += usize::from(matches!(error, NotHeld::Throttled { .. }));
    }
    assert_eq!((refused, registry.asked()), (80, 21));
    advance(Known::TRUST).await;
    for number in 0..100 {
        let _ = desk.holder(&token(&format!("worse-{number}")), HERE).await;
    }
    assert!(desk.holder(&token("good-1"), HERE).await.is_ok(), "who is known already is asked about all the same");
    assert!(desk.holder(&token("good-2"), THERE).await.is_ok(), "and so is who comes from elsewhere");
}

#[tokio::test(start_paused = true)]
async fn made_up_tokens_do_not_hold_up_those_that_the_provider_vouches_for() {
    let (desk, _) = desk();
    for number in 0..100 {
        let _ = desk.holder(&token(&format!("bad-{number}")), HERE).await;
    }
    let fresh = token("good-fresh");
    assert!(matches!(desk.holder(&fresh, HERE).await, Err(NotHeld::Throttled { .. })));
    assert!(desk.holder_vouched_for(&fresh).await.is_ok());
    assert_eq!(desk.holder_vouched_for(&token("bad-fresh")).await, Err(NotHeld::Unknown));

    // From many networks, as many as want to be asked about.
    let slow = (0..40_u8).map(|number| {
        let (desk, from) = (desk.clone(), IpAddr::from([192, 0, 2, 10 + number]));
        tokio::spawn(async move { desk.holder(&token(&format!("slow-{number}")), from).await })
    });
    let slow: Vec<_> = slow.collect();
    tokio::task::yield_now().await;
    let began = Instant::now();
    assert!(desk.holder_vouched_for(&token("good-later")).await.is_ok());
    assert_eq!(began.elapsed(), Duration::ZERO, "strangers never take all turns");
    for asked in slow {
        assert!(matches!(asked.await, Ok(Err(NotHeld::Unanswered(_)))));
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_the_patience_for_a_turn_or_an_answer() {
    let (desk, _) = desk();
    let asking = (0..2 * TokenDesk::TOGETHER).map(|number| {
        let desk = desk.clone();
        tokio::spawn(async move { desk.holder_vouched_for(&token(&format!("slow-{number}"))).await })
    });
    let asking: Vec<_> = asking.collect();
    let began = Instant::now();
    for asked in asking {
        assert!(matches!(asked.await, Ok(Err(NotHeld::Unanswered(_)))));
    }
    assert_eq!(began.elapsed(), TokenDesk::PATIENCE);
    assert!(desk.holder(&token("good"), HERE).await.is_ok(), "all turns are there again");
}

#[tokio::test(start_paused = true)]
async fn good_tokens_use_up_nothing() {
    let (desk, _) = desk();
    for number in 0..200 {
        assert!(desk.holder(&token(&format!("good-{number}")), HERE).await.is_ok(), "{number}");
        advance(Duration::from_secs(2)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn one_user_has_so_many_tokens_at_a_time_and_those_in_use_keep_their_places() {
    let (desk, registry) = desk();
    let one = async |number: usize| desk.holder(&token(&format!("good-{number}")), HERE).await;
    for number in 0..TokenDesk::MOST_OF_ONE {
        assert!(one(number).await.is_ok(), "{number}");
    }
    let asked = registry.asked();
    let mut crowded = 0;
    for number in 0..100 {
        let error = one(1000 + number).await.expect_err("too many");
        crowded += usize::from(matches!(error, NotHeld::Crowded { wait } if wait == Known::PLACE));
    }
    assert_eq!((crowded, registry.asked() - asked), (20, 20), "nor may they have us ask without end");
    assert!(desk.holder(&token("good-bob"), THERE).await.is_ok(), "somebody else");
    for _ in 0..10 {
        advance(Known::TRUST + Duration::from_secs(5)).await;
        for number in 0..TokenDesk::MOST_OF_ONE {
            assert!(one(number).await.is_ok(), "{number}");
        }
        assert!(matches!(desk.holder(&token("good-new"), THERE).await, Err(NotHeld::Crowded { .. })));
    }
    advance(Known::PLACE).await;
    assert!(desk.holder(&token("good-new"), THERE).await.is_ok(), "places that nobody uses are free again");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_lost_its_place_is_not_asked_about_each_time() {
    let (desk, registry) = desk();
    let lost = desk.holder(&token("good-lost"), HERE).await.expect("known");
    advance(Known::PLACE).await;
    for number in 0..TokenDesk::MOST_OF_ONE {
        assert!(desk.holder(&token(&format!("good-{number}")), HERE).await.is_ok(), "{number}");
    }
    let asked = registry.asked();
    for _ in 0..100 {
        assert!(
            matches!(desk.holder(lost.token(), HERE).await, Err(NotHeld::Crowded { wait }) if wait == Known::PLACE)
        );
        assert!(desk.still_holds(&lost).await, "it is somebody's all the same");
    }
    assert_eq!(registry.asked() - asked, 1);
    advance(Known::PLACE).await;
    assert!(desk.holder(lost.token(), HERE).await.is_ok(), "there are places again");
}

#[tokio::test(start_paused = true)]
async fn no_more_tokens_are_remembered_than_there_is_room_for() {
    let (desk, registry) = desk();
    let last = TokenDesk::MOST + 50;
    for number in 0..last {
        assert!(desk.holder(&token(&format!("good-{number}")), HERE).await.is_ok());
        advance(Duration::from_millis(1500)).await;
    }
    assert!(desk.known().len() <= TokenDesk::MOST);
    let asked = registry.asked();
    assert!(desk.holder(&token(&format!("good-{}", last - 1)), HERE).await.is_ok());
    assert_eq!(registry.asked(), asked, "the newest stay");
}
