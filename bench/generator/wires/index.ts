/** All wires by name. */
import { jetstreamWire } from './jetstream.ts'
import { mqttWire } from './mqtt.ts'
import { mqttQos1Wire } from './mqtt-qos1.ts'
import { natsWire } from './nats.ts'
import { parleyWire } from './parley.ts'
import { respWire } from './resp.ts'
import { socketIoWire } from './socket-io.ts'
import type { Wire, WireName } from './wire.ts'
import { xmppWire } from './xmpp.ts'
import { xmppOfflineWire } from './xmpp-offline.ts'

/** The wires; a new one is a file here and a name in `wire.ts`. */
export const wires: Readonly<Record<WireName, Wire>> = {
  parley: parleyWire,
  nats: natsWire,
  mqtt: mqttWire,
  resp: respWire,
  xmpp: xmppWire,
  'socket-io': socketIoWire,
  jetstream: jetstreamWire,
  'mqtt-qos1': mqttQos1Wire,
  'xmpp-offline': xmppOfflineWire,
}
