/** The pages that are there, in the order of the rail. */
import { IconCode, IconHome, IconRoute } from "@tabler/icons-react";

import { pages as texts } from "./messages";

export const PAGES = [
  { path: "/", label: texts.overview, keys: "g h", Icon: IconHome },
  { path: "/relays", label: texts.relays, keys: "g e", Icon: IconRoute },
  { path: "/firehose", label: texts.firehose, keys: "g f", Icon: IconCode },
] as const;
