//! The events of an application (wecom-app §2.2) by name.

use super::{
    CardClick, CardMenuClick, ChatChange, ContactChange, CustomerChange, CustomerTagChange,
    PictureSource, Pictures, ScanCode, SelectedLocation, measure, number, optional, text,
};
use crate::hidden::hide_in_debug;
use crate::xml::Fields;

/// Something that happened. Event names are compared without regard to case.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The member came into the visible range of the application.
    Subscribe,
    /// The member left the visible range, left the corp or was disabled.
    Unsubscribe,
    /// The member opened the application. Must be ticked in the admin console.
    EnterAgent,
    /// The member's position, sent when they enter if they allow it (event `LOCATION`).
    Location(Position),
    /// A click button of the menu.
    #[non_exhaustive]
    Click {
        /// Key of the button.
        key: String,
    },
    /// A link button of the menu.
    #[non_exhaustive]
    View {
        /// Address that was opened.
        url: String,
    },
    /// A mini-program button of the menu.
    #[non_exhaustive]
    ViewMiniprogram {
        /// Page that was opened.
        page_path: String,
    },
    /// `scancode_push`: the member scanned a code and the client acted on it.
    ScancodePush(ScanCode),
    /// `scancode_waitmsg`: the member scanned a code and waits for a message.
    ScancodeWait(ScanCode),
    /// The member sent pictures through a menu button; the pictures follow as messages.
    Pictures(Pictures),
    /// The member chose a place through a menu button.
    LocationSelect(SelectedLocation),
    /// An asynchronous contact job has ended.
    BatchJobResult(BatchJobResult),
    /// A button or the submit button of a card was pressed.
    TemplateCard(CardClick),
    /// An entry in the corner menu of a card was chosen.
    TemplateCardMenu(CardMenuClick),
    /// An approval changed; its `ApprovalInfo` is in the raw fields.
    OpenApprovalChange,
    /// The sharing of the application with other corps changed.
    ShareAgentChange,
    /// The chain of upstream and downstream corps changed.
    ShareChainChange,
    /// The application will be disabled for inactivity.
    #[non_exhaustive]
    InactiveAlert {
        /// When, in Unix seconds.
        effect_at_s: Option<i64>,
    },
    /// The application will lose access to customer data for low activity.
    #[non_exhaustive]
    LowActiveAlert {
        /// When, in Unix seconds.
        effect_at_s: Option<i64>,
    },
    /// The application was disabled for inactivity.
    CloseInactiveAgent,
    /// The application was enabled again.
    ReopenInactiveAgent,
    /// The application now counts as little used.
    LowActive,
    /// The application no longer counts as little used.
    ActiveRestored,
    /// A member switched the application's own view of the workbench (wecom-bots-h5 §6).
    #[non_exhaustive]
    SwitchWorkbenchMode {
        /// True if it is on now; `None` if the platform did not say.
        on: Option<bool>,
    },
    /// Members, departments or tags of the corp changed.
    ChangeContact(ContactChange),
    /// A customer of a member changed.
    ChangeExternalContact(CustomerChange),
    /// A customer group changed.
    ChangeExternalChat(ChatChange),
    /// A customer tag changed.
    ChangeExternalTag(CustomerTagChange),
    /// A kind that the reference does not know; see [`Inbound::fields`](super::Inbound::fields).
    #[non_exhaustive]
    Other {
        /// `Event` as received.
        name: String,
    },
}

/// A member's position. `Debug` does not show it.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Position {
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
    /// Radius of uncertainty in metres.
    pub precision_m: Option<f64>,
    /// `wxwork` in WeCom; absent in the WeChat plug-in.
    pub app_type: Option<String>,
}

/// The end of an asynchronous contact job.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchJobResult {
    /// Id that the start of the job returned, at most 64 characters.
    pub job_id: String,
    /// `sync_user`, `replace_user`, `invite_user` or `replace_party`.
    pub job_type: String,
    /// 0 if the job succeeded.
    pub err_code: Option<i64>,
    /// Words for it; never decide on them.
    pub err_msg: String,
}

hide_in_debug!(Position);

impl Event {
    pub(super) fn parse(name: &str, fields: &Fields) -> Self {
        let key = || text(fields.get("EventKey"));
        let effect_at_s = || number(fields.get("EffectTime"));
        match name.to_ascii_lowercase().as_str() {
            "subscribe" => Self::Subscribe,
            "unsubscribe" => Self::Unsubscribe,
            "enter_agent" => Self::EnterAgent,
            "location" => Self::Location(Position::parse(fields)),
            "click" => Self::Click { key: key() },
            "view" => Self::View { url: key() },
            "view_miniprogram" => Self::ViewMiniprogram { page_path: key() },
            "scancode_push" => Self::ScancodePush(ScanCode::parse(fields)),
            "scancode_waitmsg" => Self::ScancodeWait(ScanCode::parse(fields)),
            "pic_sysphoto" => Self::Pictures(Pictures::parse(PictureSource::Camera, fields)),
            "pic_photo_or_album" => {
                Self::Pictures(Pictures::parse(PictureSource::CameraOrAlbum, fields))
            }
            "pic_weixin" => Self::Pictures(Pictures::parse(PictureSource::Weixin, fields)),
            "location_select" => Self::LocationSelect(SelectedLocation::parse(fields)),
            "batch_job_result" => Self::BatchJobResult(BatchJobResult::parse(fields)),
            "template_card_event" => Self::TemplateCard(CardClick::parse(fields)),
            "template_card_menu_event" => Self::TemplateCardMenu(CardMenuClick::parse(fields)),
            "open_approval_change" => Self::OpenApprovalChange,
            "share_agent_change" => Self::ShareAgentChange,
            "share_chain_change" => Self::ShareChainChange,
            "inactive_alert" => Self::InactiveAlert {
                effect_at_s: effect_at_s(),
            },
            "low_active_alert" => Self::LowActiveAlert {
                effect_at_s: effect_at_s(),
            },
            "close_inactive_agent" => Self::CloseInactiveAgent,
            "reopen_inactive_agent" => Self::ReopenInactiveAgent,
            "low_active" => Self::LowActive,
            "active_restored" => Self::ActiveRestored,
            "switch_workbench_mode" => Self::SwitchWorkbenchMode {
                on: number(fields.get("Mode")).map(|mode: i64| mode == 1),
            },
            "change_contact" => Self::ChangeContact(ContactChange::parse(fields)),
            "change_external_contact" => Self::ChangeExternalContact(CustomerChange::parse(fields)),
            "change_external_chat" => Self::ChangeExternalChat(ChatChange::parse(fields)),
            "change_external_tag" => Self::ChangeExternalTag(CustomerTagChange::parse(fields)),
            _ => Self::Other {
                name: name.to_owned(),
            },
        }
    }
}

impl Position {
    fn parse(fields: &Fields) -> Self {
        Self {
            latitude: measure(fields.get("Latitude")),
            longitude: measure(fields.get("Longitude")),
            precision_m: measure(fields.get("Precision")),
            app_type: optional(fields.get("AppType")),
        }
    }
}

impl BatchJobResult {
    fn parse(fields: &Fields) -> Self {
        let job = fields.element("BatchJob");
        let get = |name| job.and_then(|job| job.get(name));
        Self {
            job_id: text(get("JobId")),
            job_type: text(get("JobType")),
            err_code: number(get("ErrCode")),
            err_msg: text(get("ErrMsg")),
        }
    }
}
