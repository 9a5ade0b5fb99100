//! What every answer has, whatever it says.

use anyhow::{Context, ensure};
use fanlight_testbed::FanlightServer;
use reqwest::{Method, header::HeaderMap};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::shared::{in_namespace, start};

/// What keeps a browser from doing with an answer what it should not.
const HEADERS: [(&str, &str); 4] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
];

fn is_dressed(headers: &HeaderMap) -> anyhow::Result<()> {
    for (name, value) in HEADERS {
        ensure!(headers.get(name).is_some_and(|found| found == value), "{name}: {:?}", headers.get(name));
    }
    let policy = headers.get("content-security-policy").and_then(|policy| policy.to_str().ok());
    ensure!(policy.is_some_and(|policy| policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe")));
    ensure!(headers.contains_key("cache-control") && headers.get("x-request-id").is_some_and(|id| id.len() == 16));
    Ok(())
}

#[test]
fn every_answer_is_dressed_whatever_was_asked_for() {
    in_namespace("dressed", async |plane| {
        plane.set_emergency_user("dressed", "admin", "secret").await?;
        let server = start(plane, "dressed", &[]).await?;
        let client = FanlightServer::client()?;
        let long = format!("/{}", "a".repeat(9000));
        let (many, large) = ("a".repeat(49 << 10), vec![b'x'; 65 << 10]);
        for (method, path, header, body, status) in [
            (Method::GET, "/sign_in", None, &[][..], 200),
            (Method::HEAD, "/sign_in", None, &[], 200),
            (Method::GET, "/applications", None, &[], 303),
            (Method::GET, "/health", None, &[], 301),
            (Method::GET, "/health/", None, &[], 200),
            (Method::GET, "/assets/none.css", None, &[], 404),
            (Method::GET, "/nowhere", None, &[], 404),
            (Method::GET, "/nowhere/at/all/at/all", None, &[], 404),
            (Method::GET, "/applications/events", None, &[], 401),
            (Method::GET, "/v1/objects", None, &[], 401),
            (Method::GET, "/oauth2", None, &[], 400),
            (Method::POST, "/oauth2/sign_in", None, b"[", 400),
            (Method::DELETE, "/applications", None, &[], 405),
            (Method::POST, "/applications", Some(("sec-fetch-site", "cross-site")), &[], 403),
            (Method::POST, "/oauth2/logout", Some(("origin", "null")), &[], 403),
            (Method::POST, "/theme", None, b"theme=purple", 415),
            (Method::POST, "/oauth2/sign_in", None, &large, 413),
            (Method::POST, "/actions", None, &large, 413),
            (Method::GET, &long, None, &[], 414),
            (Method::GET, "/sign_in", Some(("cookie", &many)), &[], 431),
        ] {
            let mut request = client.request(method.clone(), format!("{}{path}", server.url())).body(body.to_vec());
            if let Some((name, value)) = header {
                request = request.header(name, value);
            }
            let answer = request.send().await.with_context(|| format!("{method} {path:.40}"))?;
            ensure!(answer.status() == status, "{method} {path:.40}: {}", answer.status());
            is_dressed(answer.headers()).with_context(|| format!("{method} {path:.40}"))?;
        }
        Ok(())
    });
}

/// Browsers say that they want a page, and people get one that leads on; scripts get words, or JSON if they ask for it.
#[test]
fn whatever_goes_wrong_is_a_page_for_people_json_for_who_asks_and_words_for_others() {
    in_namespace("told", async |plane| {
        plane.set_emergency_user("told", "admin", "secret").await?;
        let server = start(plane, "told", &[]).await?;
        let client = FanlightServer::client()?;
        let (long, large) = (format!("/{}", "a".repeat(9000)), vec![b'x'; 65 << 10]);
        for (method, path, header, body, status, said) in [
            (Method::DELETE, "/applications", None, &[][..], 405, "Nothing answers to this here"),
            (Method::POST, "/applications", Some(("sec-fetch-site", "cross-site")), &[], 403, "another site"),
            (Method::POST, "/actions", None, &large, 413, "The body of the request is too large"),
            (Method::GET, &long, None, &[], 414, "The address is too long"),
            (Method::GET, "/applications/events", None, &[], 401, "Sign in, and come back"),
        ] {
            let ask = async |accept: &str| -> anyhow::Result<(String, String)> {
                let address = format!("{}{path}", server.url());
                let mut request = client.request(method.clone(), address).header("accept", accept).body(body.to_vec());
                if let Some((name, value)) = header {
                    request = request.header(name, value);
                }
                let answer = request.send().await.with_context(|| format!("{method} {path:.40}"))?;
                ensure!(answer.status() == status, "{method} {path:.40}: {}", answer.status());
                is_dressed(answer.headers())?;
                let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
                Ok((kind.to_owned(), answer.text().await?))
            };
            let (kind, page) = ask("text/html,application/xhtml+xml,*/*;q=0.8").await?;
            ensure!(kind.starts_with("text/html") && page.contains(said), "{path:.40}: {kind} {page}");
            ensure!(page.contains("href=\"/search\"") && page.contains("Request "), "{page}");
            let (kind, json) = ask("application/json").await?;
            let json: serde_json::Value = serde_json::from_str(&json)?;
            ensure!(kind.starts_with("application/json") && json["code"] == status, "{path:.40}: {json}");
            let (kind, words) = ask("*/*").await?;
            ensure!(!kind.starts_with("text/html") && !words.contains('<'), "{path:.40}: {kind} {words}");
        }
        Ok(())
    });
}

/// What is no HTTP gets no further than the library that reads it.
#[test]
fn what_is_no_request_is_refused_without_a_word_of_content() {
    in_namespace("garbage", async |plane| {
        let server = start(plane, "garbage", &[]).await?;
        let address = server.url().strip_prefix("http://").context("an address")?.to_owned();
        let headers = (0..200).map(|number| format!("a{number}: b\r\n")).collect::<Vec<_>>().concat();
        for (sent, status) in [
            ("NONSENSE\r\n\r\n".to_owned(), "400"),
            ("GET / HTTP/1.1\r\nHost: a\r\nbroken header\r\n\r\n".to_owned(), "400"),
            ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n".to_owned(), "400"),
            (format!("GET / HTTP/1.1\r\nHost: a\r\n{headers}\r\n"), "431"),
            (format!("GET / HTTP/1.1\r\nHost: a\r\nCookie: {}\r\n\r\n", "x".repeat(70 << 10)), "431"),
        ] {
            let mut wire = TcpStream::connect(&address).await?;
            // The server may have closed the connection before it has all.
            let _ = wire.write_all(sent.as_bytes()).await;
            let mut answer = Vec::new();
            let _ = wire.read_to_end(&mut answer).await;
            let answer = String::from_utf8(answer)?;
            ensure!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{sent:.40}: {answer}");
            ensure!(answer.contains("content-length: 0\r\n") && answer.ends_with("\r\n\r\n"), "{sent:.40}: {answer}");
            for (name, value) in HEADERS {
                ensure!(answer.contains(&format!("\r\n{name}: {value}\r\n")), "{sent:.40}: {answer}");
            }
        }
        Ok(())
    });
}
