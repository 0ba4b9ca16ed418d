import { keyboard, shell, words } from "../messages";
import { useModel } from "../model/store";
import { showHelp } from "./shortcuts";

export function Footer() {
  const version = useModel((model) => model.topics.status?.build.version);
  const configuration = useModel((model) => model.topics.status?.build.configuration);
  const assumption = useModel((model) => model.topics.status?.assumption);
  const mode = useModel((model) => model.topics.status?.mode);
  return (
    <footer className="foot">
      <span>
        {words.product.toLowerCase()} {version ?? words.none}
      </span>
      {configuration !== undefined && <span className="mono">{shell.configuration(configuration)}</span>}
      {mode === "paper" && assumption !== undefined && <span>{assumption}</span>}
      <button type="button" className="link" onClick={() => showHelp(true)}>
        {keyboard.title}
      </button>
    </footer>
  );
}
