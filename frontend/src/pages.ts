/** The pages that are there, in the order of the rail. */
import { IconAdjustments, IconArrowsExchange, IconCode, IconDroplet, IconHome, IconRoute, IconSend, IconShieldHalf, IconSitemap } from "@tabler/icons-react";

import { pages as texts } from "./messages";

export const PAGES = [
  { path: "/", label: texts.overview, keys: "g h", Icon: IconHome },
  { path: "/opportunities", label: texts.opportunities, keys: "g o", Icon: IconArrowsExchange },
  { path: "/execution", label: texts.execution, keys: "g x", Icon: IconSend },
  { path: "/pools", label: texts.pools, keys: "g p", Icon: IconDroplet },
  { path: "/risk", label: texts.risk, keys: "g r", Icon: IconShieldHalf },
  { path: "/system", label: texts.system, keys: "g s", Icon: IconSitemap },
  { path: "/relays", label: texts.relays, keys: "g e", Icon: IconRoute },
  { path: "/firehose", label: texts.firehose, keys: "g f", Icon: IconCode },
  { path: "/settings", label: texts.settings, keys: "g d", Icon: IconAdjustments },
] as const;
