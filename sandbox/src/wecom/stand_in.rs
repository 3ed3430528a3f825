//! The stand-in itself: who the app and the robot are, and the state behind a lock.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard},
};

use ::wecom::crypto::Keys;
use tokio::sync::watch;

use super::{
    delivery::{Door, NAMED_FAULTS},
    smart_robot::SmartRobot,
    state::State,
};
use crate::{error::SandboxError, faults::Platform, lock::lock, world::World};

/// The app's identity, as an administrator would copy it from the console. Invented and the same
/// at every start, so that a configuration file stays good.
#[derive(Clone, Debug)]
pub struct WecomApp {
    /// CorpID.
    pub corp_id: String,
    /// AgentId.
    pub agent_id: i64,
    /// Secret of the app.
    pub secret: String,
    /// Token of the callback.
    pub token: String,
    /// EncodingAESKey of the callback, 43 characters.
    pub encoding_aes_key: String,
}

impl Default for WecomApp {
    fn default() -> Self {
        Self {
            corp_id: "wwsandbox0c0ffee1".to_owned(),
            agent_id: 1_000_002,
            secret: "sandbox-app-secret-not-for-real-use-0123456".to_owned(),
            token: "SandboxCallbackToken".to_owned(),
            encoding_aes_key: "Zk3vQ8mWc1LrT5yHb7NxUe2JdPs9AfGo4KiRtVw6XqB".to_owned(),
        }
    }
}

/// The stand-in: its state, and what tests may do to it. Clones share everything.
#[derive(Clone)]
pub struct Wecom {
    inner: Arc<Inner>,
}

struct Inner {
    world: World,
    app: WecomApp,
    keys: Keys,
    smart_robot: SmartRobot,
    robot_keys: Keys,
    state: Mutex<State>,
    changes: watch::Sender<u64>,
}

impl fmt::Debug for Wecom {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Wecom")
            .field("app", &self.inner.app)
            .finish_non_exhaustive()
    }
}

impl Wecom {
    pub(crate) fn new(world: World) -> Result<Self, SandboxError> {
        world.faults.register(Platform::Wecom, &NAMED_FAULTS);
        let (app, robot) = (WecomApp::default(), SmartRobot::default());
        let keys = keys_of(&app.token, &app.encoding_aes_key, &app.corp_id)?;
        // A corp's own robot has an empty receiver.
        let robot_keys = keys_of(&robot.token, &robot.encoding_aes_key, "")?;
        let (changes, _) = watch::channel(0);
        let state = Mutex::new(State::new());
        Ok(Self {
            inner: Arc::new(Inner {
                world,
                app,
                keys,
                smart_robot: robot,
                robot_keys,
                state,
                changes,
            }),
        })
    }

    /// The app's identity.
    pub fn app(&self) -> &WecomApp {
        &self.inner.app
    }

    /// The smart robot's identity.
    pub fn smart_robot(&self) -> &SmartRobot {
        &self.inner.smart_robot
    }

    /// The block of a `campkeeper.toml` that makes the product talk to this stand-in.
    pub(crate) fn settings(&self) -> String {
        let (app, robot) = (self.app(), self.smart_robot());
        let base_url = format!("{}/wecom", self.world().base_url());
        format!(
            "[wecom]\napi_base = \"{base_url}\"\ncorp_id = \"{}\"\nagent_id = {}\nsecret = \"{}\"\n\
             token = \"{}\"\nencoding_aes_key = \"{}\"\noauth_base = \"{base_url}\"\n\
             login_base = \"{base_url}\"\n\n[wecom.smart_bot]\nname = \"{}\"\ntoken = \"{}\"\n\
             encoding_aes_key = \"{}\"\n\n[notify]\nrecipients = [\"lin.yue\", \"chen.an\"]\n",
            app.corp_id,
            app.agent_id,
            app.secret,
            app.token,
            app.encoding_aes_key,
            robot.name,
            robot.token,
            robot.encoding_aes_key
        )
    }

    pub(crate) fn world(&self) -> &World {
        &self.inner.world
    }

    /// The keys of a callback address.
    pub(crate) fn keys(&self, door: Door) -> &Keys {
        match door {
            Door::App => &self.inner.keys,
            Door::Robot => &self.inner.robot_keys,
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.inner.state)
    }

    /// Wakes everybody who waits for something to happen.
    pub(crate) fn tell_waiters(&self) {
        self.inner
            .changes
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changes.subscribe()
    }
}

fn keys_of(token: &str, encoding_aes_key: &str, receive_id: &str) -> Result<Keys, SandboxError> {
    Keys::new(token, encoding_aes_key, receive_id).map_err(|error| SandboxError::Setup {
        platform: Platform::Wecom,
        reason: error.to_string(),
    })
}
