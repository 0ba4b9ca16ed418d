import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { notifications } from "@mantine/notifications";
import { Link, Route, Switch } from "wouter";

import { dashboard } from "./dashboard";
import { clockText } from "./format/time";
import { Guard } from "./cards/Guard";
import { pages, shell, words } from "./messages";
import { serverNow } from "./model/clock";
import { useDisplay } from "./model/display";
import { useModel } from "./model/store";
import { Announcer } from "./shell/Announcer";
import { Footer } from "./shell/Footer";
import { KeyboardHelp } from "./shell/KeyboardHelp";
import { LoginDialog, LoginPage } from "./shell/Login";
import { Rail } from "./shell/Rail";
import { StateBanner } from "./shell/StateBanner";
import { SourceStrip, TopBar } from "./shell/TopBar";

// The bar, the banner and the stop button must not depend on chart or table code.
const OpportunitiesPage = lazy(() => import("./studies/OpportunitiesPage"));
const SweepsPage = lazy(() => import("./studies/SweepsPage"));
const Overview = lazy(() => import("./Overview"));
const Execution = lazy(() => import("./execution/Execution"));
const Firehose = lazy(() => import("./firehose/Firehose"));
const Pools = lazy(() => import("./pools/Pools"));
const Relays = lazy(() => import("./relays/Relays"));
const Risk = lazy(() => import("./risk/Risk"));
const Settings = lazy(() => import("./settings/Settings"));
const System = lazy(() => import("./system/System"));

export function App() {
  const session = useModel((model) => model.session);
  useDisplay(); // another style of numbers or times is another text everywhere
  const [loginOpen, setLoginOpen] = useState(false);
  const main = useRef<HTMLElement>(null);

  useEffect(() => {
    dashboard.onShed = (at) => {
      notifications.show({ message: shell.shed(clockText(at, serverNow())), withCloseButton: true });
    };
  }, []);

  if (session === "checking") return null;
  if (session === "none") return <LoginPage />;
  return (
    <>
      <a className="skip" href="#main" onClick={() => main.current?.focus()}>
        {words.skip}
      </a>
      <TopBar />
      <SourceStrip />
      <Announcer />
      <Rail />
      <div className="beside-rail">
        <main id="main" ref={main} tabIndex={-1}>
          <StateBanner onLogin={() => setLoginOpen(true)} />
          <Suspense fallback={null}>
            <Switch>
              <Route path="/">
                <Overview />
              </Route>
              <Route path="/firehose">
                <Guard area="page">
                  <Firehose />
                </Guard>
              </Route>
              <Route path="/opportunities">
                <Guard area="page">
                  <OpportunitiesPage />
                </Guard>
              </Route>
              <Route path="/sweeps">
                <Guard area="page">
                  <SweepsPage />
                </Guard>
              </Route>
              <Route path="/execution">
                <Guard area="page">
                  <Execution />
                </Guard>
              </Route>
              <Route path="/pools">
                <Guard area="page">
                  <Pools />
                </Guard>
              </Route>
              <Route path="/risk">
                <Guard area="page">
                  <Risk />
                </Guard>
              </Route>
              <Route path="/system">
                <Guard area="page">
                  <System />
                </Guard>
              </Route>
              <Route path="/settings">
                <Guard area="page">
                  <Settings />
                </Guard>
              </Route>
              <Route path="/relays">
                <Guard area="page">
                  <Relays />
                </Guard>
              </Route>
              <Route>
                <h1>{pages.missing}</h1>
                <Link href="/">{pages.overview}</Link>
              </Route>
            </Switch>
          </Suspense>
        </main>
        <Footer />
      </div>
      <KeyboardHelp />
      <LoginDialog opened={loginOpen && session === "over"} onClose={() => setLoginOpen(false)} />
    </>
  );
}
