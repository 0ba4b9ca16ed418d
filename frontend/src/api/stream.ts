/** The socket of the page: a ticket is asked for over HTTP and shown in the first message, never in the address. */
import { CLOSED_NOT_LOGGED_IN, type Wire } from "../model/feed";
import { takeTicket } from "./http";
import type { Introduction } from "./wire";

const ABNORMAL = 1006;

/** A connection that is being made; what goes wrong before there is a socket is told like the end of one. */
export function openStream(): Wire {
  let socket: WebSocket | null = null;
  let unwanted = false;
  const wire: Wire = {
    onmessage: null,
    onclose: null,
    send: (text) => socket?.send(text),
    close: () => {
      unwanted = true;
      socket?.close();
    },
  };
  const failed = (code: number) => {
    if (!unwanted) wire.onclose?.({ code });
  };
  void takeTicket().then(
    (answer) => {
      if (answer.body === null) {
        failed(answer.status === 401 ? CLOSED_NOT_LOGGED_IN : ABNORMAL);
      } else if (!unwanted) {
        socket = connect(wire, { type: "ticket", ticket: answer.body.ticket });
      }
    },
    () => failed(ABNORMAL),
  );
  return wire;
}

function connect(wire: Wire, introduction: Introduction): WebSocket {
  const scheme = window.location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${window.location.host}/ws`);
  socket.onopen = () => socket.send(JSON.stringify(introduction));
  socket.onmessage = (event) => wire.onmessage?.(event);
  socket.onclose = (event) => wire.onclose?.(event);
  return socket;
}
