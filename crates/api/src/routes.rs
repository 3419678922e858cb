//! Every route in one place.

use axum::Router;
use axum::extract::OriginalUri;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::edge::Edge;
use crate::observe::observe;
use crate::openapi::About;
use crate::problem::{Code, Problem};
use crate::state::Api;
use crate::trace::trace;
use crate::verbs::not_allowed;
use crate::{
    docs, generate, health, leaderboard, log, metrics, score, upstream, upstream_numbers, user, v1,
};

/// The routes that the API document describes.
pub(crate) fn described() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(About::openapi())
        .routes(routes!(leaderboard::leaderboard))
        .routes(routes!(leaderboard::country_leaderboard))
        .routes(routes!(leaderboard::whole_leaderboard))
        .routes(routes!(score::submit_score))
        .routes(routes!(user::create_users))
        .routes(routes!(generate::generate_users))
        .routes(routes!(user::profile))
        .routes(routes!(user::short_profile))
        .routes(routes!(upstream::smart))
        .routes(routes!(upstream::first))
        .routes(routes!(upstream::all))
        .routes(routes!(upstream::within_timeout))
        .routes(routes!(upstream_numbers::list))
        .routes(routes!(upstream::named))
        .routes(routes!(upstream::named_path))
        .routes(routes!(v1::boards::list_boards))
        .routes(routes!(
            v1::boards::put_board,
            v1::boards::get_board,
            v1::boards::delete_board
        ))
        .routes(routes!(v1::players::put_players))
        .routes(routes!(
            v1::players::put_player,
            v1::players::get_player,
            v1::players::delete_player
        ))
        .routes(routes!(v1::scores::submit_board_score))
        .routes(routes!(v1::board_scores::submit_board_scores))
        .routes(routes!(v1::player_scores::submit_player_scores))
        .routes(routes!(v1::entries::list_entries))
        .routes(routes!(v1::entries::get_entry, v1::entries::delete_entry))
        .routes(routes!(v1::entries::hide_player, v1::entries::show_player))
        .routes(routes!(v1::entries::entries_around))
        .routes(routes!(v1::entries::entries_around_score))
        .routes(routes!(v1::entries::lookup_entries))
        .routes(routes!(v1::stats::board_stats))
        .routes(routes!(v1::events::board_events))
        .routes(routes!(v1::seasons::list_seasons))
        .routes(routes!(v1::seasons::rotate_season))
        .routes(routes!(v1::matching::match_tickets))
        .routes(routes!(v1::queues::list_queues))
        .routes(routes!(
            v1::queues::put_queue,
            v1::queues::get_queue,
            v1::queues::delete_queue
        ))
        // Described in `About`, under the path that clients see.
        .route("/v1/queues/{queue}", post(v1::simulation::post_queue))
        .routes(routes!(v1::queue_stats::queue_stats))
        .routes(routes!(v1::tickets::create_ticket))
        .routes(routes!(v1::tickets::get_ticket, v1::tickets::cancel_ticket))
        .routes(routes!(v1::ticket_events::ticket_events))
        .routes(routes!(v1::backfills::create_backfill))
        .routes(routes!(
            v1::backfills::get_backfill,
            v1::backfills::cancel_backfill
        ))
        .routes(routes!(v1::matches::get_match))
        // Described in `About`, under the paths that clients see.
        .route("/v1/matches/{match}", post(v1::matches::post_match))
        .routes(routes!(v1::matches::finish_match))
        .routes(routes!(v1::player_matches::player_ratings))
        .routes(routes!(v1::player_matches::player_matches))
        .routes(routes!(log::get_log, log::put_log))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(metrics::metrics))
}

/// All routes, without what surrounds them.
pub(crate) fn routes() -> Router<Api> {
    let (described, _) = described().split_for_parts();
    described
        .route("/", get(docs::page))
        .route("/docs", get(docs::page))
        .route("/docs/", get(docs::page))
        .route("/docs/{*file}", get(docs::asset))
        .route("/openapi.json", get(docs::openapi_json))
        .route("/schema", get(docs::openapi_yaml))
}

/// The whole API as one service, for whoever may ask as much as they like.
pub fn router(api: Api) -> Router {
    router_behind(&Edge::default(), api)
}

/// The whole API as one service, with limits for those who ask.
pub fn router_behind(edge: &Edge, api: Api) -> Router {
    let routes = routes()
        .fallback(nothing_here)
        .method_not_allowed_fallback(wrong_method);
    let routes = edge.admit(routes, &api);
    let routes = edge.share(routes);
    let routes = match api.tracer.clone() {
        Some(tracer) => routes.layer(from_fn_with_state(tracer, trace)),
        None => routes,
    };
    routes
        .layer(from_fn_with_state(api.metrics.clone(), observe))
        .with_state(api)
}

async fn nothing_here(OriginalUri(uri): OriginalUri) -> Problem {
    Problem::new(
        Code::NotFound,
        format!("there is nothing at {}", uri.path()),
    )
}

async fn wrong_method(method: Method, OriginalUri(uri): OriginalUri) -> Problem {
    not_allowed(&method, uri.path())
}
