//! The identity that an AWS Application Load Balancer forwards after it has authenticated a user.

mod alb_builder;
mod alb_explain;
mod alb_keys;
mod alb_token;
mod alb_validator;

pub use alb_builder::{AwsAlbBuilder, aws_alb};
pub use alb_validator::{AWS_ALB_HEADER, AwsAlbValidator};
