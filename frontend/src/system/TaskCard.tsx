import { useState } from "react";

import { ActButton, Refused } from "../act/ActButton";
import { ActDialog } from "../act/ActDialog";
import { acts, type Move } from "../api/act";
import type { Reloaded, TreeNode } from "../api/types";
import { Card, Missing } from "../cards/Card";
import { Facts } from "../cards/Facts";
import { Moment } from "../cards/Moment";
import { TaskState } from "../cards/TaskState";
import { system as texts } from "../messages/acts";

const MOVES: readonly Move[] = ["start", "stop", "restart"];

/** One task in full, with what an operator may do to it. */
export function TaskCard({ node }: { node: TreeNode | null }) {
  const [asked, setAsked] = useState<Move | "reload" | null>(null);
  const [reloaded, setReloaded] = useState<Reloaded | null>(null);
  if (node === null) {
    return (
      <Card title={texts.chosen} className="task-card">
        <p className="quiet">{texts.choose}</p>
      </Card>
    );
  }
  const isGroup = node.kind === "group";
  const close = () => setAsked(null);
  return (
    <Card title={node.name} meta={node.kind} className="task-card">
      <Facts
        rows={[
          [texts.state, <TaskState key="state" node={node} />],
          [texts.since, <Moment key="since" instant={node.since} />],
          [texts.restarts, `${node.restarts}`],
          [texts.beat, node.heartbeat === null ? <Missing cause={texts.never} /> : <Moment instant={node.heartbeat} />],
          [texts.reason, node.reason === "" ? <Missing cause={texts.noReason} /> : node.reason],
          [texts.path, <span key="path" className="mono">{node.path}</span>],
        ]}
      />
      {isGroup ? (
        <p className="quiet">{texts.group}</p>
      ) : (
        <>
          <div className="row-buttons">
            {MOVES.map((move) => (
              <ActButton key={move} act="run" text={texts.moves[move]} name={`${texts.moves[move]} ${node.name}`} onAct={() => setAsked(move)} />
            ))}
            {node.kind === "strategy" && <ActButton act="run" text={texts.reload} onAct={() => setAsked("reload")} />}
          </div>
          <Refused act="run" />
        </>
      )}
      {reloaded !== null && (
        <div role="status" className="reloaded">
          <p>{texts.reloaded(node.name)}</p>
          {reloaded.changes.map(({ path, before, after }) => (
            <p key={path} className="mono">
              {texts.change(path, before, after)}
            </p>
          ))}
        </div>
      )}
      {asked === "reload" && (
        <ActDialog
          title={texts.reloadTitle(node.name)}
          text={texts.reloadText(node.name)}
          submit={texts.reload}
          run={(reason) => acts.reload(node.name, reason)}
          onDone={(done) => {
            setReloaded(done);
            close();
          }}
          onClose={close}
        />
      )}
      {asked !== null && asked !== "reload" && (
        <ActDialog
          title={texts.moveTitle[asked](node.name)}
          text={texts.moveText[asked]}
          submit={texts.moves[asked]}
          run={(reason) => acts.move(asked, node.path, reason)}
          onDone={close}
          onClose={close}
        />
      )}
    </Card>
  );
}
