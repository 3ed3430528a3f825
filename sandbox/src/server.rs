//! Puts the stand-ins, the phone page and the control API on one address.

use std::{fmt, io, net::SocketAddr, path::PathBuf, time::Duration};

use axum::{Router, middleware};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{
    clock::{ClockHook, SandboxClock},
    connection::{CuttableListener, Peer},
    control,
    error::SandboxError,
    faults::{Faults, Platform},
    phone,
    transport_faults::{self, FaultyMount},
    violations::Violations,
    wechat_pay::{self, WechatPay},
    wecom::{self, Wecom},
    world::World,
    zsxq::{self, Zsxq},
};

/// How long [`Sandbox::stop`] waits for requests that are still being answered.
const STOP_WITHIN: Duration = Duration::from_secs(2);

/// How a sandbox is started.
#[derive(Clone)]
pub struct SandboxConfig {
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Where the application is, for example `http://127.0.0.1:8080`; can be set later with
    /// [`Sandbox::set_app_url`].
    pub app_url: Option<String>,
    /// Where key files that a configuration must name are written; `None` writes none.
    pub key_dir: Option<PathBuf>,
    /// Told the new offset each time somebody moves business time.
    pub on_clock_moved: Option<ClockHook>,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            app_url: None,
            key_dir: None,
            on_clock_moved: None,
        }
    }
}

impl fmt::Debug for SandboxConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SandboxConfig")
            .field("listen", &self.listen)
            .field("app_url", &self.app_url)
            .field("key_dir", &self.key_dir)
            .finish_non_exhaustive()
    }
}

/// The running stand-ins.
pub struct Sandbox {
    world: World,
    wecom: Wecom,
    wechat_pay: WechatPay,
    zsxq: Zsxq,
    stop: watch::Sender<bool>,
    server: JoinHandle<io::Result<()>>,
}

impl Sandbox {
    /// Starts all stand-ins on one address.
    ///
    /// # Errors
    /// When the address cannot be taken or a stand-in cannot make its keys.
    pub async fn start(config: SandboxConfig) -> Result<Self, SandboxError> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let world = World::new(SandboxClock::new(config.on_clock_moved), http);
        world.set_app_url(config.app_url);

        let address = config.listen;
        let listener = TcpListener::bind(address)
            .await
            .map_err(|source| SandboxError::Listen { address, source })?;
        let bound = listener
            .local_addr()
            .map_err(|source| SandboxError::Listen { address, source })?;
        world.set_base_url(format!("http://{bound}"));

        let wecom = Wecom::new(world.clone())?;
        let wechat_pay = WechatPay::new(world.clone(), wecom.clone(), config.key_dir.as_deref())?;
        let zsxq = Zsxq::new(world.clone())?;
        let router = router(&world, &wecom, &wechat_pay, &zsxq);

        let (stop, mut stopped) = watch::channel(false);
        let serve = axum::serve(
            CuttableListener(listener),
            router.into_make_service_with_connect_info::<Peer>(),
        )
        .with_graceful_shutdown(async move {
            // An error means the sandbox was dropped, which stops it as well.
            let _ = stopped.wait_for(|stop| *stop).await;
        });
        let server = tokio::spawn(async move { serve.await });
        Ok(Self {
            world,
            wecom,
            wechat_pay,
            zsxq,
            stop,
            server,
        })
    }

    /// Where it is served, for example `http://127.0.0.1:41234`.
    pub fn base_url(&self) -> String {
        self.world.base_url()
    }

    /// Says where the application is, so that callbacks and notifications reach it.
    pub fn set_app_url(&self, url: impl Into<String>) {
        self.world.set_app_url(Some(url.into()));
    }

    /// The WeCom stand-in.
    pub fn wecom(&self) -> &Wecom {
        &self.wecom
    }

    /// The WeChat Pay stand-in.
    pub fn wechat_pay(&self) -> &WechatPay {
        &self.wechat_pay
    }

    /// The planet's stand-in.
    pub fn zsxq(&self) -> &Zsxq {
        &self.zsxq
    }

    /// Faults on demand.
    pub fn faults(&self) -> &Faults {
        &self.world.faults
    }

    /// What callers did that the platforms forbid.
    pub fn violations(&self) -> &Violations {
        &self.world.violations
    }

    /// The stand-ins' clock.
    pub fn clock(&self) -> &SandboxClock {
        &self.world.clock
    }

    /// The settings of a matching `campkeeper.toml`.
    pub fn campkeeper_toml(&self) -> String {
        control::campkeeper_toml(&self.world, &self.wecom, &self.wechat_pay, &self.zsxq)
    }

    /// Stops listening, lets answers under way finish for two seconds, then ends.
    pub async fn stop(mut self) {
        // Nobody listening means the server has already ended.
        let _ = self.stop.send(true);
        if tokio::time::timeout(STOP_WITHIN, &mut self.server)
            .await
            .is_err()
        {
            self.server.abort();
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn router(world: &World, wecom: &Wecom, wechat_pay: &WechatPay, zsxq: &Zsxq) -> Router {
    let faulty = |platform, router: Router| {
        let mount = FaultyMount {
            platform,
            faults: world.faults.clone(),
        };
        router.layer(middleware::from_fn_with_state(
            mount,
            transport_faults::apply,
        ))
    };
    Router::new()
        .nest(
            "/wecom",
            faulty(Platform::Wecom, wecom::router(wecom.clone())),
        )
        .nest(
            "/wechat-pay",
            faulty(Platform::WechatPay, wechat_pay::router(wechat_pay.clone())),
        )
        .nest("/zsxq", faulty(Platform::Zsxq, zsxq::router(zsxq.clone())))
        .nest("/control", control::router(world, wecom, wechat_pay, zsxq))
        .merge(phone::router())
}
