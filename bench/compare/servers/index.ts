/** All servers that are compared. */
import type { ServerName } from '../options.ts'
import type { ComparedKind } from './compared.ts'
import { ejabberdKind } from './ejabberd.ts'
import { mosquittoKind } from './mosquitto.ts'
import { natsKind } from './nats.ts'
import { comparedFloorKind, ownKind } from './own.ts'
import { prosodyKind } from './prosody.ts'
import { redisKind } from './redis.ts'
import { socketIoKind } from './socket-io.ts'

/** The kinds by name. */
export const comparedKinds: Readonly<Record<ServerName, ComparedKind>> = {
  floor: comparedFloorKind,
  nats: natsKind,
  mosquitto: mosquittoKind,
  redis: redisKind,
  ejabberd: ejabberdKind,
  prosody: prosodyKind,
  'socket.io': socketIoKind,
  parley: ownKind,
}
