import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.openapitools.client.ApiClient;
import org.openapitools.client.JSON;
import org.openapitools.client.model.AnyError;
import org.openapitools.client.model.ServiceError;
import org.openapitools.client.model.GatewayError;

/** What differs for the library `okhttp-gson`. */
class Setup {
  static ApiClient client(String url, String key) {
    ApiClient client = new ApiClient();
    client.setBasePath(url);
    client.setApiKey(key);
    return client;
  }

  static Map<String, Object> describe(int status, String body) {
    Map<String, Object> described = new LinkedHashMap<>();
    described.put("status", status);
    try {
      Object error = AnyError.fromJson(body).getActualInstance();
      if (error instanceof ServiceError) {
        ServiceError known = (ServiceError) error;
        described.put("code", known.getCode());
        if (known.getDetails() != null) described.put("path", known.getDetails().get(0).getPath());
      } else {
        described.put("message", ((GatewayError) error).getMessage());
      }
    } catch (IOException notAnError) {
      described.put("body", body);
    }
    return described;
  }

  static String toJson(Object value) {
    return JSON.getGson().toJson(value);
  }
}
