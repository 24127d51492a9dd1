import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * A producer and a consumer of one topic that do what standard input says, and
 * answer each line with one. Both live as long as the process, so that they keep
 * what a client of its kind keeps: its files as first read, and its TLS sessions.
 *
 * <pre>
 * send VALUE   ok CONNECTIONS | failed CAUSES     CONNECTIONS made so far
 * fetch VALUE  ok CONNECTIONS | failed CAUSES     reads on until VALUE comes
 * </pre>
 */
public final class TestClient {
    private static final Duration PATIENCE = Duration.ofSeconds(15);

    private final Properties settings = new Properties();
    private final TopicPartition partition;
    private KafkaProducer<String, String> producer;
    private KafkaConsumer<String, String> consumer;

    private TestClient(String file, String topic) throws Exception {
        try (var reader = Files.newBufferedReader(Path.of(file))) {
            settings.load(reader);
        }
        partition = new TopicPartition(topic, 0);
    }

    public static void main(String[] args) throws Exception {
        var client = new TestClient(args[0], args[1]);
        var commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        System.out.println("ready");
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            System.out.println(client.answer(line.split(" ", 2)));
        }
        Runtime.getRuntime().halt(0); // a client that is refused would try to close in peace
    }

    private String answer(String[] command) {
        try {
            return "ok " + (command[0].equals("send") ? send(command[1]) : fetch(command[1]));
        } catch (ExecutionException e) {
            return "failed " + causes(e.getCause());
        } catch (Exception e) {
            return "failed " + causes(e);
        }
    }

    private long send(String value) throws Exception {
        if (producer == null) {
            producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer());
        }
        producer.send(new ProducerRecord<>(partition.topic(), value)).get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        return connections(producer.metrics());
    }

    private long fetch(String value) {
        if (consumer == null) {
            consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
        }
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() < end) {
            for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) {
                if (record.value().equals(value)) {
                    consumer.seek(partition, record.offset() + 1);
                    return connections(consumer.metrics());
                }
            }
        }
        throw new IllegalStateException("the record did not come");
    }

    private static long connections(Map<MetricName, ? extends Metric> metrics) {
        return metrics.entrySet().stream()
                .filter(m -> m.getKey().name().equals("connection-creation-total") && m.getKey().tags().size() == 1)
                .mapToLong(m -> ((Double) m.getValue().metricValue()).longValue())
                .sum();
    }

    private static String causes(Throwable e) {
        var text = new StringBuilder();
        for (; e != null; e = e.getCause()) {
            text.append(e.getClass().getSimpleName()).append(": ").append(e.getMessage()).append("; ");
        }
        return text.toString().replace('\n', ' ');
    }
}
