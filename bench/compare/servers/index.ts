/** All servers that are compared. */
import type { ServerName } from '../options.ts'
import type { ComparedKind } from './compared.ts'
import { ejabberdKind, ejabberdOfflineKind } from './ejabberd.ts'
import { jetstreamKind, jetstreamSyncKind } from './jetstream.ts'
import { mosquittoKind } from './mosquitto.ts'
import { mosquittoQos1Kind } from './mosquitto-qos1.ts'
import { natsKind } from './nats.ts'
import { comparedFloorKind, ownKind } from './own.ts'
import { prosodyKind, prosodyOfflineKind } from './prosody.ts'
import { redisKind } from './redis.ts'
import { socketIoKind } from './socket-io.ts'

/** The kinds by name. */
export const comparedKinds: Readonly<Record<ServerName, ComparedKind>> = {
  floor: comparedFloorKind,
  nats: natsKind,
  jetstream: jetstreamKind,
  'jetstream-sync': jetstreamSyncKind,
  mosquitto: mosquittoKind,
  'mosquitto-qos1': mosquittoQos1Kind,
  redis: redisKind,
  ejabberd: ejabberdKind,
  'ejabberd-offline': ejabberdOfflineKind,
  prosody: prosodyKind,
  'prosody-offline': prosodyOfflineKind,
  'socket.io': socketIoKind,
  parley: ownKind,
}
