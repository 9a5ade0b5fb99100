//! Every route, and nothing else.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    http::StatusCode,
    middleware::from_fn_with_state,
    routing::{any, get, post},
};
use tower_http::{
    CompressionLevel,
    catch_panic::CatchPanicLayer,
    compression::{CompressionLayer, DefaultPredicate, Predicate, predicate::NotForContentType},
    timeout::TimeoutLayer,
};

use crate::{
    App, action, allowance, assets, guard, measure, oauth2,
    page::{self, list::ListPage},
    ready, request, sign_in, sign_out, theme, workload_action,
};

/// The whole site.
pub fn router(app: App) -> Router {
    let app = Arc::new(app);
    let base = app.base.clone();
    let health = [("location", format!("{base}/health/"))];
    let front = if base.is_empty() { get(page::overview::show) } else { get(page::overview::moved) };
    let lists = ListPage::every().fold(Router::new(), |lists, list| {
        let paths = [format!("/{}", list.path), format!("/{}", list.place)];
        let lists = lists.route(&paths[0], get(page::list::show));
        let lists = lists.route(
            &format!("/{}/act", list.path),
            get(page::list::preview::show).post(page::list::preview::ticked::show),
        );
        // Of several views of one the first has the address of all.
        let leads_on = list.tabs.first().is_some_and(|(first, _)| *first == list.path);
        if leads_on { lists.route(&paths[1], get(page::list::first_tab)) } else { lists }
    });
    let pages = Router::new()
        .route("/", front)
        .route("/overview", get(page::overview::moved))
        .merge(lists)
        .route("/events", get(page::events::show))
        .route("/workloads", get(page::workloads::show))
        .route("/workloads/{kind}/{namespace}/{name}", get(page::workloads::details::show))
        .route("/flux_runtime", get(page::runtime::show))
        .route("/flux_runtime/{part}", get(page::runtime::moved))
        .route("/runtime", get(page::runtime::moved))
        .route("/runtime/{part}", get(page::runtime::moved))
        .route("/other", get(page::other::kinds))
        .route("/other/{kind}", get(page::other::show))
        .route("/other/{kind}/details", get(page::other::show))
        .route("/other/{group}/{kind}/{namespace}/{name}", get(page::other::show))
        .route("/logs/{namespace}/{kind}/{name}", get(page::logs::show))
        .route("/policies", get(page::policies::explain))
        .route("/policy_details", get(page::policies::explain))
        .route("/policy_details/{part}", get(page::policies::explain))
        .route("/policy_violation", get(page::policies::explain))
        .route("/kustomization/violations", get(page::policies::explain))
        .route("/helm_release/violations", get(page::policies::explain))
        .route("/o/{kind}/{namespace}/{name}", get(page::object::short))
        .route("/o/{kind}/{namespace}/{name}/{tab}", get(page::object::short))
        .route("/{kind}", get(page::object::first_tab))
        .route("/{kind}/{tab}", get(page::object::show))
        .layer(from_fn_with_state(Arc::clone(&app), page::barred::keep_out))
        .route("/user_info", get(page::access::show))
        .route("/user_info/again", post(page::access::again))
        .route("/access", get(page::access::moved))
        .route("/sessions", get(page::sessions::show))
        .route("/sessions/end", post(page::sessions::end))
        .route("/sign_in", get(sign_in::show))
        .route("/oauth2", any(oauth2::start))
        .route("/oauth2/callback", get(oauth2::callback))
        .route("/oauth2/sign_in", post(sign_in::submit).layer(from_fn_with_state(Arc::clone(&app), allowance::tell)))
        .route("/oauth2/userinfo", get(sign_in::userinfo))
        .route("/oauth2/refresh", post(oauth2::refresh))
        .route("/oauth2/logout", post(sign_out::logout))
        .route("/v1/featureflags", get(sign_in::flags))
        .route("/v1/{*path}", any(sign_in::no_api))
        .route("/health/", any("ok"))
        .route("/health/{*below}", any("ok"))
        .route("/health", get(async move || (StatusCode::MOVED_PERMANENTLY, health)))
        .route("/ready", get(ready::tell))
        .route("/theme", post(theme::choose))
        .route("/assets/{name}", get(assets::serve))
        .fallback(page::message::not_found);
    let pages = if app.styleguide { pages.route("/styleguide", get(page::styleguide::show)) } else { pages };
    let pages = bounded(pages);
    // These answers last, and must leave the server byte by byte: neither timeout nor compression.
    let streams = ListPage::every()
        .fold(Router::new(), |streams, list| streams.route(&format!("/{}/events", list.path), get(page::list::events)));
    let streams = streams
        .route("/overview/events", get(page::overview::events))
        .route("/events/events", get(page::events::follow))
        .route("/flux_runtime/events", get(page::runtime::events))
        .route("/workloads/events", get(page::workloads::follow))
        .route("/workloads/{kind}/{namespace}/{name}/events", get(page::workloads::details::events))
        .route("/{kind}/{tab}/events", get(page::object::events))
        .route("/{kind}/{tab}/text", get(page::object::log_text))
        .route("/logs/{namespace}/{kind}/{name}/events", get(page::logs::follow))
        .route("/logs/{namespace}/{kind}/{name}/text", get(page::logs::text))
        .route("/other/{kind}/events", get(page::other::events))
        .route("/other/{kind}/details/events", get(page::other::events))
        .route("/other/{group}/{kind}/{namespace}/{name}/events", get(page::other::events))
        .layer(from_fn_with_state(Arc::clone(&app), page::barred::keep_out))
        .layer(from_fn_with_state(Arc::clone(&app), measure::follow))
        .route("/actions", post(action::perform))
        .route("/workloads/act", post(workload_action::perform));
    let site = pages.merge(streams);
    let site = if base.is_empty() {
        site
    } else {
        // Nesting serves the prefix alone, and not with the slash after it that the front page has.
        let front = Router::new().route("/", get(page::overview::show));
        let front = front.layer(from_fn_with_state(Arc::clone(&app), page::barred::keep_out));
        Router::new().nest(&base, site).nest(&format!("{base}/"), bounded(front))
    };
    site.layer(from_fn_with_state(Arc::clone(&app), measure::keep))
        .layer(guard::own_site(app.external_url.as_ref()))
        .layer(CatchPanicLayer::custom(guard::broken as fn(_) -> _))
        .layer(from_fn_with_state(Arc::clone(&app), page::bare::dress))
        .layer(from_fn_with_state(Arc::clone(&app), guard::headers))
        .layer(from_fn_with_state(Arc::clone(&app), request::tell))
        .with_state(app)
}

/// How hard pages are packed. Of brotli's levels the last that takes about as long as those before it: a list of 100 rows
/// is an eighth smaller than at 4, and 7 takes four times as long. It is also what gzip does by itself.
const PACKED: i32 = 6;

/// Pages are answered in time, and small.
fn bounded(pages: Router<Arc<App>>) -> Router<Arc<App>> {
    let timeout = TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_secs(30));
    // Bare words are short, and dressed later on.
    let worth = DefaultPredicate::new().and(NotForContentType::const_new("text/plain"));
    let packing = CompressionLayer::new().quality(CompressionLevel::Precise(PACKED)).compress_when(worth);
    pages.layer(timeout).layer(packing)
}
