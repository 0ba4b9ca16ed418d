import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { notifications } from "@mantine/notifications";

import { dashboard } from "./dashboard";
import { clockText } from "./format/time";
import { shell, words } from "./messages";
import { serverNow } from "./model/clock";
import { useModel } from "./model/store";
import { Announcer } from "./shell/Announcer";
import { Footer } from "./shell/Footer";
import { LoginDialog, LoginPage } from "./shell/Login";
import { StateBanner } from "./shell/StateBanner";
import { SourceStrip, TopBar } from "./shell/TopBar";

// The bar, the banner and the stop button must not depend on chart or table code.
const Overview = lazy(() => import("./Overview"));

export function App() {
  const session = useModel((model) => model.session);
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
      <main id="main" ref={main} tabIndex={-1}>
        <h1 className="unseen">{words.overview}</h1>
        <StateBanner onLogin={() => setLoginOpen(true)} />
        <Suspense fallback={null}>
          <Overview />
        </Suspense>
      </main>
      <Footer />
      <LoginDialog opened={loginOpen && session === "over"} onClose={() => setLoginOpen(false)} />
    </>
  );
}
