import static io.gatling.javaapi.core.CoreDsl.*;
import static io.gatling.javaapi.http.HttpDsl.*;

import io.gatling.http.action.sse.SseInboundMessage;
import io.gatling.javaapi.core.ScenarioBuilder;
import io.gatling.javaapi.core.Session;
import io.gatling.javaapi.core.Simulation;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Event streams over Gatling's own SSE client, one a virtual user. Prints what its code counted as a line of JSON. */
public class HoldStreams extends Simulation {
  private static final int STREAMS = Integer.getInteger("streams");
  private static final int HOLD_SECONDS = Integer.getInteger("holdSeconds");
  private static final Pattern ID = Pattern.compile("\"id\":\"?(\\d+)");
  private static final AtomicLong EVENTS = new AtomicLong();
  private static final AtomicLong GAPS = new AtomicLong();

  private static Session look(List<SseInboundMessage> messages, Session session) {
    long last = session.contains("lastId") ? session.getLong("lastId") : -1;
    for (SseInboundMessage message : messages) {
      EVENTS.incrementAndGet();
      Matcher id = ID.matcher(message.message());
      if (!id.find()) continue;
      long next = Long.parseLong(id.group(1));
      if (last >= 0 && next > last + 1) GAPS.incrementAndGet();
      last = next;
    }
    return session.set("lastId", last);
  }

  private final ScenarioBuilder hold =
      scenario("hold")
          .exec(sse("open").get(System.getProperty("path")))
          .exitHereIfFailed()
          .during(HOLD_SECONDS)
          .on(pause(1).exec(sse.processUnmatchedMessages(HoldStreams::look)))
          .exec(sse.processUnmatchedMessages(HoldStreams::look))
          .exec(sse("close").close());

  {
    setUp(hold.injectOpen(atOnceUsers(STREAMS)))
        .protocols(http.baseUrl(System.getProperty("url")).sseUnmatchedInboundMessageBufferSize(100));
  }

  @Override
  public void after() {
    System.out.println("{\"eventCount\":" + EVENTS.get() + ",\"gapCount\":" + GAPS.get() + "}");
  }
}
