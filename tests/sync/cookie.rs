//! The check of the planet's login.

use campkeeper::services::sync::{CookieState, check_cookie};
use sandbox::zsxq::CookieDeath;
use sandbox::{Fault, FaultKind, Platform};

use crate::on_both_engines;
use crate::world::World;

const KINDS: &str = "SELECT kind FROM notification_message ORDER BY id";

on_both_engines! {
    async fn people_hear_of_a_login_that_ends_once_a_day(db) {
        let world = World::start(db).await;
        let zsxq = world.sandbox.zsxq();
        let state = check_cookie(&world.ctx).await.unwrap();
        assert!(matches!(state, CookieState::Alive { expires_in: Some(_) }), "{state:?}");
        assert!(world.texts(KINDS).await.is_empty());

        zsxq.set_expires_in(4 * 24 * 3600);
        check_cookie(&world.ctx).await.unwrap();
        check_cookie(&world.ctx).await.unwrap();
        assert_eq!(world.texts(KINDS).await, ["cookie_expiring"]);

        for death in [CookieDeath::InBody, CookieDeath::HttpStatus, CookieDeath::KickedOut] {
            zsxq.set_cookie_death(Some(death));
            assert_eq!(check_cookie(&world.ctx).await.unwrap(), CookieState::Dead);
        }
        assert_eq!(world.texts(KINDS).await, ["cookie_expiring", "cookie_dead"]);
    }

    async fn a_planet_in_trouble_says_nothing_of_the_login(db) {
        let world = World::start(db).await;
        let broken = FaultKind::HttpStatus { status: 502, body: String::new() };
        world.sandbox.faults().add(Fault::new(Platform::Zsxq, "", broken).times(1_000));
        assert_eq!(check_cookie(&world.ctx).await.unwrap(), CookieState::Unknown);
        assert!(world.texts(KINDS).await.is_empty());
    }
}
