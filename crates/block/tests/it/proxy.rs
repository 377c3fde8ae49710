//! A TCP proxy that does to a request what the plan says, checks every signature, and remembers what it
//! saw. One connection carries one request.

use std::net::SocketAddr;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use lakefs_runtime::TaskScope;
use lakefs_sigv4::{Authorization, Received, SigningKey};
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What to do to one request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// Closes the connection when the request's head has arrived.
    Reset,
    /// Answers in the service's place.
    Answer(u16, &'static str),
    /// Cuts the answer's body after so many bytes.
    Truncate(usize),
    /// Lets the service do it all and loses the answer.
    LoseAnswer,
}

#[derive(Default)]
struct State {
    plan: Vec<(&'static str, Fault)>,
    seen: Vec<String>,
}

/// The running proxy.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
    tasks: TaskScope,
}

pub(crate) const SECRET: &str = "secret";

impl Proxy {
    pub(crate) async fn start(upstream: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let tasks = TaskScope::new();
        let (shared, scope) = (Arc::clone(&state), tasks.clone());
        drop(tasks.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                drop(scope.spawn(async move {
                    // A broken connection is what this is about.
                    drop(serve(client, upstream, &state).await);
                }));
            }
        }));
        Self {
            address,
            state,
            tasks,
        }
    }

    /// Plans a fault for the next request whose first line contains `pattern`.
    pub(crate) fn plan(&self, pattern: &'static str, fault: Fault) {
        self.state.lock().plan.push((pattern, fault));
    }

    /// How many planned faults are still to come.
    pub(crate) fn pending(&self) -> usize {
        self.state.lock().plan.len()
    }

    /// Heads of the requests seen whose first line contains `pattern`.
    pub(crate) fn seen(&self, pattern: &str) -> Vec<String> {
        let state = self.state.lock();
        let matches = |head: &&String| head.lines().next().is_some_and(|l| l.contains(pattern));
        state.seen.iter().filter(matches).cloned().collect()
    }

    pub(crate) fn tasks(&self) -> TaskScope {
        self.tasks.clone()
    }
}

async fn serve(mut client: TcpStream, upstream: u16, state: &Mutex<State>) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await?);
    }
    let text = String::from_utf8(head).unwrap();
    check_signature(&text);
    let fault = {
        let mut state = state.lock();
        state.seen.push(text.clone());
        let first = text.lines().next().unwrap();
        let planned = state
            .plan
            .iter()
            .position(|(pattern, _)| first.contains(pattern));
        planned.map(|at| state.plan.remove(at).1)
    };
    match fault {
        Some(Fault::Reset) => return client.set_zero_linger(),
        Some(Fault::Answer(status, code)) => {
            drain_request(&mut client, &text).await?;
            let body = format!("<Error><Code>{code}</Code><Message>injected</Message></Error>");
            let body = if text.starts_with("HEAD") { "" } else { &body };
            let answer = format!(
                "HTTP/1.1 {status} Injected\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            client.write_all(answer.as_bytes()).await?;
            return client.shutdown().await;
        }
        _ => {}
    }
    let mut server = TcpStream::connect(("127.0.0.1", upstream)).await?;
    let closing = text.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    server.write_all(closing.as_bytes()).await?;
    match fault {
        None => {
            tokio::io::copy_bidirectional(&mut client, &mut server).await?;
            Ok(())
        }
        Some(Fault::LoseAnswer) => {
            forward_request(&mut client, &mut server, &text).await?;
            server.read_to_end(&mut Vec::new()).await?;
            client.set_zero_linger()
        }
        Some(Fault::Truncate(length)) => {
            forward_request(&mut client, &mut server, &text).await?;
            let mut answer = Vec::new();
            server.read_to_end(&mut answer).await?;
            let body = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
            client
                .write_all(&answer[..answer.len().min(body + length)])
                .await?;
            client.shutdown().await
        }
        Some(Fault::Reset | Fault::Answer(..)) => unreachable!("handled above"),
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(": ")?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}

fn content_length(head: &str) -> usize {
    header(head, "content-length").map_or(0, |length| length.parse().unwrap())
}

async fn drain_request(client: &mut TcpStream, head: &str) -> std::io::Result<()> {
    let mut body = vec![0; content_length(head)];
    client.read_exact(&mut body).await.map(drop)
}

async fn forward_request(
    client: &mut TcpStream,
    server: &mut TcpStream,
    head: &str,
) -> std::io::Result<()> {
    let mut body = vec![0; content_length(head)];
    client.read_exact(&mut body).await?;
    server.write_all(&body).await
}

/// moto believes anything; this does not.
fn check_signature(head: &str) {
    let mut lines = head.lines();
    let mut first = lines.next().unwrap().split(' ');
    let (method, target) = (first.next().unwrap(), first.next().unwrap());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers = HeaderMap::new();
    for line in lines.take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ").unwrap();
        headers.append(
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_str(value).unwrap(),
        );
    }
    let received = Received {
        method,
        path,
        query,
        headers: &headers,
    };
    let authorization = Authorization::parse(&received).unwrap();
    authorization.check_coverage(&headers, &[]).unwrap();
    let key = SigningKey::derive(SECRET, &authorization.scope);
    let payload = header(head, "x-amz-content-sha256").unwrap_or("UNSIGNED-PAYLOAD");
    let verified = authorization.verify(&received, &key, payload);
    verified.unwrap_or_else(|error| panic!("{error}: {head}"));
}
