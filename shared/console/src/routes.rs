//! Routes with what each of them needs. One table says it for the guard, and for the test that holds
//! it against the served document.

use std::collections::BTreeMap;

use axum::{
    Router,
    handler::Handler,
    http::Method,
    routing::{MethodFilter, on},
};
use weir_app::ports::ledger::Scope;

use crate::Console;

/// What a caller needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing: open to everybody.
    Nothing,
    /// A token or session of at least this scope.
    Scope(Scope),
    /// The administrator of the deployment.
    Deployment,
}

/// What every route needs: by path, as it is written in the router, and method.
pub(crate) type Table = BTreeMap<(&'static str, &'static str), Need>;

/// Routes.
#[derive(Default)]
pub(crate) struct Routes {
    router: Router<Console>,
    table: Table,
}

impl Routes {
    fn route<H, T>(
        mut self,
        (filter, method): (MethodFilter, &'static str),
        path: &'static str,
        need: Need,
        handler: H,
    ) -> Self
    where
        H: Handler<T, Console>,
        T: 'static,
    {
        self.router = self.router.route(path, on(filter, handler));
        self.table.insert((path, method), need);
        self
    }

    /// A question that whoever may read may ask.
    pub(crate) fn get<H, T>(self, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Console>,
        T: 'static,
    {
        self.get_for(path, Need::Scope(Scope::Read), handler)
    }

    /// A question.
    pub(crate) fn get_for<H, T>(self, path: &'static str, need: Need, handler: H) -> Self
    where
        H: Handler<T, Console>,
        T: 'static,
    {
        self.route((MethodFilter::GET, "GET"), path, need, handler)
    }

    /// Something is made or done.
    pub(crate) fn post<H, T>(self, path: &'static str, scope: Scope, handler: H) -> Self
    where
        H: Handler<T, Console>,
        T: 'static,
    {
        self.route((MethodFilter::POST, "POST"), path, Need::Scope(scope), handler)
    }

    /// Something is made by the administrator of the deployment.
    pub(crate) fn post_for_deployment<H, T>(self, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Console>,
        T: 'static,
    {
        self.route((MethodFilter::POST, "POST"), path, Need::Deployment, handler)
    }

    /// Something is changed.
    pub(crate) fn patch<H, T>(self, path: &'static str, scope: Scope, handler: H) -> Self
    where
        H: Handler<T, Console>,
        T: 'static,
    {
        self.route((MethodFilter::PATCH, "PATCH"), path, Need::Scope(scope), handler)
    }

    /// Something is taken away.
    pub(crate) fn delete<H, T>(self, path: &'static str, scope: Scope, handler: H) -> Self
    where
        H: Handler<T, Console>,
        T: 'static,
    {
        self.route((MethodFilter::DELETE, "DELETE"), path, Need::Scope(scope), handler)
    }

    /// What each of them needs.
    pub(crate) fn table(&self) -> Table {
        self.table.clone()
    }

    /// The routes themselves.
    pub(crate) fn into_router(self) -> Router<Console> {
        self.router
    }
}

/// What a request needs. A route or method that the table does not have still needs somebody who is
/// known: it can only be answered with "nothing there", and not even that is told to strangers.
pub(crate) fn need(table: &Table, path: Option<&str>, method: &Method) -> Need {
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    let known = path.and_then(|path| {
        table.iter().find(|((route, verb), _)| *route == path && *verb == method).map(|(_, need)| *need)
    });
    known.unwrap_or(Need::Scope(Scope::Read))
}
