//! Why a card is checked: the doors of WeCom do not take the same cards, and updates not the same as
//! what they replace.

/// Where a card comes from and what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// message/send.
    Send,
    /// message/update_template_card, or a passive reply.
    Update,
    /// webhook/send.
    GroupRobot,
    /// A smart robot's answer.
    SmartRobot,
    /// A smart robot's update of a clicked card.
    SmartRobotUpdate,
}

/// Lengths, in characters, that clients show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lengths {
    pub(super) title: usize,
    pub(super) desc: usize,
    pub(super) sub_title: usize,
}

/// In the application's chat (wecom-app §6).
const OF_APP: Lengths = Lengths {
    title: 36,
    desc: 44,
    sub_title: 160,
};
/// In a robot's (wecom-bots-h5 §1.7), the same for all five kinds.
const OF_ROBOT: Lengths = Lengths {
    title: 26,
    desc: 30,
    sub_title: 112,
};

impl Purpose {
    /// Whether the card takes the place of another.
    pub(super) fn is_update(self) -> bool {
        matches!(self, Self::Update | Self::SmartRobotUpdate)
    }

    /// Whether a smart robot shows the card.
    pub(super) fn is_smart_robot(self) -> bool {
        matches!(self, Self::SmartRobot | Self::SmartRobotUpdate)
    }

    /// Whether a card that calls back must name its task.
    pub(super) fn needs_task_id(self) -> bool {
        !matches!(self, Self::Update | Self::GroupRobot)
    }

    pub(super) fn lengths(self) -> Lengths {
        match self {
            Self::Send | Self::Update => OF_APP,
            Self::GroupRobot | Self::SmartRobot | Self::SmartRobotUpdate => OF_ROBOT,
        }
    }

    pub(super) fn lengths_of_vote(self) -> Lengths {
        match self {
            Self::Send | Self::Update => Lengths {
                title: 16,
                ..self.lengths_of_form()
            },
            _ => self.lengths(),
        }
    }

    pub(super) fn lengths_of_form(self) -> Lengths {
        match self {
            Self::Send | Self::Update => Lengths {
                desc: 160,
                ..OF_APP
            },
            _ => self.lengths(),
        }
    }
}
