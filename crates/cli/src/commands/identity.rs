//! `lakectl identity`: who the server takes the caller for.

use clap::Args;

use super::Context;
use crate::error::Result;
use crate::ui::date;

/// Show who you are to the server
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  lakectl identity")]
pub(crate) struct Identity {}

impl Identity {
    pub(crate) async fn run(&self, context: &Context) -> Result<()> {
        let user = context.client.current_user().await?.user;
        context.ui.result(&user, |ui| {
            ui.text(&format!(
                "User ID:          {}\nEmail:            {}\nCreation Date:    {}\n",
                user.id,
                user.email.as_deref().unwrap_or_default(),
                date(user.creation_date)
            ))
        })
    }
}
