//! The same hosts over HTTP/3, for browsers that are told to use it.

use std::{net::Ipv4Addr, sync::Arc};

use anyhow::Context;
use axum::{body::Body, extract::Request};
use bytes::{Buf, Bytes, BytesMut};
use h3::server::RequestResolver;
use tokio_stream::StreamExt;

use super::server::{Activity, Shared, respond};
use crate::lab::Lab;

/// Hosts that browsers reach over HTTP/3 in life, as their HTTPS records and `alt-svc` say.
pub(super) const HOSTS: &[&str] = &[
    "www.google.com",
    "accounts.google.com",
    "play.google.com",
    "docs.google.com",
    "meet.google.com",
    "www.gstatic.com",
    "fonts.gstatic.com",
    "fonts.googleapis.com",
    "maps.googleapis.com",
    "www.googletagmanager.com",
    "www.google-analytics.com",
    "securepubads.g.doubleclick.net",
    "drive.google.com",
    "drive.usercontent.google.com",
    "lh3.googleusercontent.com",
    "www.youtube.com",
    "rr3---sn-4g5e6nez.googlevideo.com",
    "i.ytimg.com",
    "connect.facebook.net",
    "www.facebook.com",
    "cdnjs.cloudflare.com",
    "static.cloudflareinsights.com",
    "cdn.jsdelivr.net",
    "calendly.com",
    "assets.calendly.com",
    "discord.com",
    "cdn.discordapp.com",
    "linear.app",
    "client-api.linear.app",
    "chatgpt.com",
    "cdn.oaistatic.com",
    "openai.com",
    "claude.ai",
    "chat.mistral.ai",
    "www.perplexity.ai",
    "www.canva.com",
    "www.cloudflare.com",
    "developers.cloudflare.com",
    "www.shopify.com",
    "cdn.shopify.com",
    "app.hubspot.com",
    "js.hs-scripts.com",
    "js.hsforms.net",
];
/// Seconds of the session's time after which a connection that rests is gone, as Chromium and Google's servers agree.
const IDLE_SECONDS: u64 = 30;

/// Answers on port 443 of every address of the hub.
pub(super) fn serve(lab: &Lab, shared: &Arc<Shared>, mut tls: rustls::ServerConfig) -> anyhow::Result<()> {
    tls.alpn_protocols = vec![b"h3".to_vec()];
    tls.max_early_data_size = 0;
    let crypto = quinn::crypto::rustls::QuicServerConfig::try_from(tls)?;
    let config = quinn::ServerConfig::with_crypto(Arc::new(crypto));
    let socket = lab.hub().inside(async || Ok(std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 443))?))?;
    let _inside = lab.runtime().enter();
    let runtime = Arc::new(quinn::TokioRuntime);
    let endpoint = quinn::Endpoint::new(quinn::EndpointConfig::default(), Some(config), socket, runtime)?;
    let shared = Arc::clone(shared);
    lab.runtime().spawn(async move {
        while let Some(incoming) = endpoint.accept().await {
            // A browser that goes away in the middle is its own matter.
            let shared = Arc::clone(&shared);
            tokio::spawn(async move { drop(converse(incoming, shared).await) });
        }
    });
    Ok(())
}

async fn converse(incoming: quinn::Incoming, shared: Arc<Shared>) -> anyhow::Result<()> {
    let connection = incoming.await?;
    let activity = Arc::new(Activity::default());
    let rested = shared.rested(&activity, IDLE_SECONDS);
    let requests = async {
        let mut requests = h3::server::Connection::new(h3_quinn::Connection::new(connection.clone())).await?;
        while let Some(request) = requests.accept().await? {
            let (shared, activity) = (Arc::clone(&shared), Arc::clone(&activity));
            tokio::spawn(async move { drop(reply(request, shared, activity).await) });
        }
        anyhow::Ok(())
    };
    tokio::select! {
        served = requests => served,
        rested = rested => {
            connection.close(0_u32.into(), b"");
            rested
        }
    }
}

async fn reply(
    request: RequestResolver<h3_quinn::Connection, Bytes>,
    shared: Arc<Shared>,
    activity: Arc<Activity>,
) -> anyhow::Result<()> {
    let (request, mut stream) = request.resolve_request().await?;
    let mut sent = BytesMut::new();
    while let Some(mut part) = stream.recv_data().await? {
        let bytes = part.copy_to_bytes(part.remaining());
        sent.extend_from_slice(&bytes);
    }
    let request: Request = request.map(|()| Body::from(sent.freeze()));
    let (head, body) = respond(shared, activity, request).await.into_parts();
    stream.send_response(http::Response::from_parts(head, ())).await?;
    let mut parts = body.into_data_stream();
    while let Some(part) = parts.next().await {
        stream.send_data(part.context("a body of our own")?).await?;
    }
    Ok(stream.finish().await?)
}
