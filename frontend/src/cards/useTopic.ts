import { useEffect } from "react";

import type { AskedTopics } from "../api/wire";
import { dashboard } from "../dashboard";
import { useAsked } from "../model/asked";

/** What the daemon says of a topic while a component shows it; undefined until it has said something. */
export function useTopic<T extends keyof AskedTopics>(topic: T): AskedTopics[T] | undefined {
  useEffect(() => dashboard.listen(topic), [topic]);
  return useAsked((asked) => asked[topic]) as AskedTopics[T] | undefined;
}
