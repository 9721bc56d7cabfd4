//! Searches for times: the embedded broker returns the same offsets as a real one.

use crate::support::kafka::{Kafka, Message};
use crate::support::times::{connection, embedded, offsets_at, partitions, queries};

const TOPIC: &str = "open-searched";

#[test]
fn both_brokers_return_the_same_offsets_for_times() {
    let Some(kafka) = Kafka::shared() else { return };
    let count = i32::try_from(partitions().len()).unwrap();
    kafka.create_topic(TOPIC, count, &[("retention.ms", "-1")]);
    // Some partitions have several records in one batch, others one record in each.
    for (partition, times) in (0..).zip(partitions()) {
        let message = |time: i64| Message {
            millis: Some(time),
            ..Message::to(partition, "x")
        };
        let messages = times.into_iter().map(message);
        if partition % 2 == 0 {
            kafka.produce(TOPIC, messages);
        } else {
            messages.for_each(|message| kafka.produce(TOPIC, [message]));
        }
    }
    let embedded = embedded(TOPIC);
    let real = offsets_at(&mut kafka.admin_config(), TOPIC, &queries());
    let found = offsets_at(&mut connection(&embedded), TOPIC, &queries());
    for (index, time) in queries().into_iter().enumerate() {
        assert_eq!(found[index], real[index], "{time}");
    }
    assert!(real.iter().flatten().any(Option::is_some));
    assert!(real.iter().flatten().any(Option::is_none));
}
