/**
 * mosquitto at QoS 1 with sessions that stay, and no limit on what waits in them or is under way. It answers from memory: with persistence
 * it writes everything to a file now and then (by default each half hour) and when it ends.
 */
import { type ComparedKind, foreignKind } from './compared.ts'
import { mosquittoRecipe } from './mosquitto.ts'

/** The kind. */
export const mosquittoQos1Kind: ComparedKind = foreignKind(
  mosquittoRecipe({
    name: 'mosquitto-qos1',
    wire: 'mqtt-qos1',
    settings: ({ folder }) => [
      'persistence true',
      `persistence_location ${folder}/`,
      'max_inflight_messages 0',
      'max_queued_bytes 0',
    ],
  }),
  'plain',
)
