use fanlight_identity::{Revocations, Whereabouts};
use fanlight_live::{Live, SessionKey};

/// Stops what runs in the name of sessions that were ended, whichever replica ended them; for ever.
pub async fn farewell(live: Live, revocations: Revocations, whereabouts: Whereabouts) {
    let mut news = revocations.news();
    // The sender is held here, so it never ends before.
    while news.changed().await.is_ok() {
        for id in whereabouts.strike(|known| revocations.is_known_to_be_over(known)) {
            live.leave(SessionKey(id.0));
        }
    }
}
