import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.TableResult;
import org.apache.flink.types.Row;
import org.apache.flink.util.CloseableIterator;

/**
 * Runs the SQL of standard input in one process, as Flink's SQL client does, and prints each row with its kind, or the
 * cause of a query's end by an error.
 */
class FlinkSql {
    private static final Pattern SET = Pattern.compile("SET\\s+'([^']*)'\\s*=\\s*'([^']*)'");

    public static void main(String[] args) throws Exception {
        Configuration configuration = new Configuration();
        configuration.setString("parallelism.default", "1");
        // Machines that are busy with other tests do not end a query.
        configuration.setString("heartbeat.timeout", "10min");
        EnvironmentSettings settings = EnvironmentSettings.newInstance().withConfiguration(configuration).build();
        TableEnvironment environment = TableEnvironment.create(settings);
        String script = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
        for (String statement : script.split(";\\s*\n")) {
            Matcher set = SET.matcher(statement.strip());
            if (set.matches()) {
                environment.getConfig().set(set.group(1), set.group(2));
            } else if (!statement.isBlank()) {
                run(environment, statement);
            }
        }
    }

    private static void run(TableEnvironment environment, String statement) {
        try {
            print(environment.executeSql(statement));
        } catch (Exception error) {
            Throwable cause = error;
            while (cause.getCause() != null) {
                cause = cause.getCause();
            }
            System.out.println("error: " + cause.getMessage());
        }
    }

    private static void print(TableResult result) throws Exception {
        if (result.getJobClient().isEmpty()) {
            return;
        }
        try (CloseableIterator<Row> rows = result.collect()) {
            while (rows.hasNext()) {
                System.out.println(rows.next());
            }
        }
    }
}
