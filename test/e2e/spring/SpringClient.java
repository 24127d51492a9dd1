import java.util.concurrent.TimeUnit;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.kafka.core.KafkaTemplate;

/**
 * Writes a record with what Spring Boot makes of an application.yml and nothing else:
 * {@code SpringClient FILE TOPIC VALUE}.
 */
@EnableAutoConfiguration
public class SpringClient {
    private static final int PATIENCE_SECONDS = 20;

    public static void main(String[] args) throws Exception {
        var application = new SpringApplicationBuilder(SpringClient.class).web(WebApplicationType.NONE);
        try (var context = application.run("--spring.config.location=file:" + args[0])) {
            @SuppressWarnings("unchecked")
            KafkaTemplate<String, String> template = context.getBean(KafkaTemplate.class);
            template.send(args[1], args[2]).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        }
    }
}
