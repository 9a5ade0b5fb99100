//! Clients that take their time, and too many of them.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, ensure};
use fanlight_testbed::FanlightServer;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::{Instant, interval, timeout},
};

use crate::shared::{in_namespace, start, until};

const LONG: Duration = Duration::from_secs(60);

fn address(server: &FanlightServer) -> anyhow::Result<SocketAddr> {
    Ok(server.url().strip_prefix("http://").context("an address")?.parse()?)
}

/// What the server says until it closes the connection.
async fn rest(wire: &mut TcpStream) -> anyhow::Result<String> {
    Ok(String::from_utf8(bytes(wire).await?)?)
}

async fn bytes(wire: &mut TcpStream) -> anyhow::Result<Vec<u8>> {
    let mut answer = Vec::new();
    // A connection that is reset is closed too.
    let _ = timeout(LONG, wire.read_to_end(&mut answer)).await.context("the connection stays open")?;
    Ok(answer)
}

#[test]
fn slow_clients_are_cut_off_while_others_are_served() {
    in_namespace("slow", async |plane| {
        let server = start(plane, "slow", &[]).await?;
        let to = address(&server)?;
        let began = Instant::now();
        let silent = async {
            let mut wire = TcpStream::connect(to).await?;
            ensure!(rest(&mut wire).await?.is_empty());
            anyhow::Ok(())
        };
        let dripping = async {
            let mut wire = TcpStream::connect(to).await?;
            wire.write_all(b"GET /health/ HTTP/1.1\r\n").await?;
            let mut beat = interval(Duration::from_millis(500));
            let dripping = async {
                while wire.write_all(b"a: b\r\n").await.is_ok() {
                    beat.tick().await;
                }
            };
            timeout(LONG, dripping).await.context("a request may drip in for ever")?;
            Ok(())
        };
        let half_a_body = async {
            let mut wire = TcpStream::connect(to).await?;
            wire.write_all(b"POST /oauth2/sign_in HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{").await?;
            let answer = rest(&mut wire).await?;
            ensure!(
                answer.starts_with("HTTP/1.1 408 ") && answer.contains("did not arrive within 10 seconds"),
                "{answer}"
            );
            ensure!(answer.contains("content-security-policy: "), "{answer}");
            Ok(())
        };
        let others = async {
            let client = FanlightServer::client()?;
            while began.elapsed() < Duration::from_secs(9) {
                client.get(format!("{}/sign_in", server.url())).send().await?.error_for_status()?;
            }
            Ok(())
        };
        tokio::try_join!(silent, dripping, half_a_body, others)?;
        ensure!(began.elapsed() >= Duration::from_secs(10), "they had their time");
        Ok(())
    });
}

/// A connection over which one request was answered.
async fn connected(to: SocketAddr, from: &str) -> anyhow::Result<(TcpStream, String)> {
    asking(to, from, "/sign_in").await
}

async fn asking(to: SocketAddr, from: &str, path: &str) -> anyhow::Result<(TcpStream, String)> {
    let mut wire = connect(to, from).await?;
    wire.write_all(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()).await?;
    let (mut head, mut piece) = (String::new(), [0; 4096]);
    while !head.contains("\r\n\r\n") {
        let read = timeout(LONG, wire.read(&mut piece)).await.context("no answer")??;
        ensure!(read > 0, "the connection was closed: {head}");
        head.push_str(&String::from_utf8_lossy(&piece[..read]));
    }
    Ok((wire, head))
}

/// A connection from an address of this machine, over which nothing was said.
async fn connect(to: SocketAddr, from: &str) -> anyhow::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(format!("{from}:0").parse()?)?;
    Ok(socket.connect(to).await?)
}

#[test]
fn more_connections_than_there_are_places_are_told_so_and_probes_are_answered() {
    in_namespace("crowd", async |plane| {
        let server = start(plane, "crowd", &["--max-connections=6", "--max-connections-per-address=4"]).await?;
        let to = address(&server)?;
        let mut seated = Vec::new();
        for _ in 0..4 {
            let (wire, head) = connected(to, "127.0.0.2").await?;
            ensure!(head.starts_with("HTTP/1.1 200 "), "{head}");
            seated.push(wire);
        }
        let (mut wire, head) = connected(to, "127.0.0.2").await?;
        ensure!(head.starts_with("HTTP/1.1 503 ") && head.contains("retry-after: 5\r\n"), "{head}");
        let answer = [head, rest(&mut wire).await?].concat();
        ensure!(answer.contains("too many connections from your address"), "{answer}");
        let (_probe, head) = asking(to, "127.0.0.2", "/health/").await?;
        ensure!(head.starts_with("HTTP/1.1 200 "), "{head}");

        let others = [connected(to, "127.0.0.3").await?, connected(to, "127.0.0.4").await?];
        ensure!(others.iter().all(|(_, head)| head.starts_with("HTTP/1.1 200 ")), "other addresses have places");
        let (mut wire, head) = connected(to, "127.0.0.5").await?;
        let answer = [head, rest(&mut wire).await?].concat();
        ensure!(
            answer.starts_with("HTTP/1.1 503 ") && answer.contains("too many connections to this server"),
            "{answer}"
        );

        seated.pop();
        until(async || Ok(connected(to, "127.0.0.6").await?.1.starts_with("HTTP/1.1 200 "))).await
    });
}

/// A connection over which a proxy asks for somebody, and has not sent the whole body yet.
async fn sending_half(to: SocketAddr, caller: &str) -> anyhow::Result<TcpStream> {
    let mut wire = TcpStream::connect(to).await?;
    let head = format!(
        "POST /oauth2/sign_in HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {caller}\r\nContent-Length: 10\r\n\r\n{{"
    );
    wire.write_all(head.as_bytes()).await?;
    Ok(wire)
}

#[test]
fn one_client_behind_a_proxy_cannot_take_what_there_is_for_all_who_are_behind_it() {
    const MINE: &str = "192.0.2.1";
    in_namespace("behind", async |plane| {
        let flags = ["--trusted-proxies=127.0.0.0/8", "--max-connections=40", "--max-connections-per-address=4"];
        let server = start(plane, "behind", &flags).await?;
        let to = address(&server)?;
        let client = FanlightServer::client()?;
        let ask = async |caller: &str, path: &str| {
            let asked = client.get(format!("{}{path}", server.url())).header("x-forwarded-for", caller).send().await?;
            anyhow::Ok((asked.status().as_u16(), asked.text().await?))
        };
        // As many as it wants: the proxy has places for all of them.
        let mut unfinished = Vec::new();
        for _ in 0..4 {
            unfinished.push(sending_half(to, MINE).await?);
        }
        let mut answer = (0, String::new());
        until(async || {
            answer = ask(MINE, "/sign_in").await?;
            Ok(answer.0 == 503)
        })
        .await?;
        ensure!(answer.1.contains("too many requests from your address"), "{}", answer.1);
        let mut more = sending_half(to, MINE).await?;
        let refused = rest(&mut more).await?;
        ensure!(refused.starts_with("HTTP/1.1 503 ") && refused.contains("retry-after: 5"), "at once: {refused}");
        ensure!(ask(MINE, "/health/").await?.0 == 200, "a probe may come from anywhere");
        ensure!(ask("192.0.2.2", "/sign_in").await?.0 == 200, "others behind it are served");

        drop(unfinished);
        until(async || Ok(ask(MINE, "/sign_in").await?.0 == 200)).await
    });
}

/// What the server sends over HTTP/2 until it closes the connection: the type of each frame.
async fn frames(wire: &mut TcpStream) -> anyhow::Result<Vec<u8>> {
    let bytes = bytes(wire).await?;
    let (mut rest, mut types) = (&bytes[..], Vec::new());
    while let [a, b, c, kind, ..] = rest {
        let length = u32::from_be_bytes([0, *a, *b, *c]);
        types.push(*kind);
        rest = rest.get(9 + usize::try_from(length)?..).unwrap_or_default();
    }
    Ok(types)
}

#[test]
fn where_all_places_are_taken_whoever_stands_has_one_answer_and_probes_find_a_place() {
    /// `GET /health/` of stream 1, as HTTP/2 has it: the preface, no settings, one frame of headers.
    const PROBE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\
        \0\0\x0f\x01\x05\0\0\0\x01\x82\x86\x04\x08/health/\x41\x01a";
    const HEADERS: u8 = 1;
    const GOAWAY: u8 = 7;
    in_namespace("standing", async |plane| {
        let server = start(plane, "standing", &["--max-connections=4", "--max-connections-per-address=4"]).await?;
        let to = address(&server)?;
        let mut seated = Vec::new();
        for _ in 0..4 {
            seated.push(connected(to, "127.0.0.2").await?);
        }
        // Many who say nothing, from some networks.
        let mut silent = Vec::new();
        for number in 0..160 {
            silent.push(connect(to, &format!("127.0.1.{}", 1 + number / 8)).await?);
        }
        let (mut probe, head) = asking(to, "127.0.0.3", "/health/").await?;
        ensure!(head.starts_with("HTTP/1.1 200 ") && head.contains("\r\nconnection: close\r\n"), "{head}");
        rest(&mut probe).await?;

        let mut probe = connect(to, "127.0.0.4").await?;
        probe.write_all(PROBE).await?;
        let frames = frames(&mut probe).await?;
        ensure!(frames.contains(&HEADERS) && frames.contains(&GOAWAY), "{frames:?}");

        let began = Instant::now();
        for wire in &mut silent {
            rest(wire).await?;
        }
        ensure!(began.elapsed() < Duration::from_secs(10), "they may not stand as long as those who have a place");
        let (_, head) = connected(to, "127.0.0.5").await?;
        ensure!(head.starts_with("HTTP/1.1 503 "), "{head}");
        Ok(())
    });
}
