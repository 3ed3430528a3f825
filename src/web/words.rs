//! The domain's fixed words in the OpenAPI document: a schema per enum that lists its words, so
//! that whoever generates types from the document gets them too.

use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::calendar::DayState;
use crate::domain::{BindMethod, BindStatus, CampStatus, OrderStatus, PayChannel, RefundStatus};

macro_rules! documented_words {
    ($($name:ident),+ $(,)?) => {
        $(
            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    ObjectBuilder::new()
                        .schema_type(SchemaType::Type(Type::String))
                        .enum_values(Some($name::ALL.iter().map(|value| value.as_str())))
                        .into()
                }
            }

            impl ToSchema for $name {}
        )+
    };
}

documented_words!(
    BindMethod,
    BindStatus,
    CampStatus,
    DayState,
    OrderStatus,
    PayChannel,
    RefundStatus,
);
