/// What scripts from before coord wrote under the same name: NODE and PORT, and mostly JOB_ID.
public struct PlainServerInfo: Hashable, Sendable {
  public var endpoint: Endpoint
  public var job: JobID?

  public init?(decoding bytes: [UInt8]) {
    guard bytes.count < 65_536, let t = KeyValueText(bytes), t["TOKEN"] == nil, let node = t["NODE"]?.trimmed,
      let port = t["PORT"].flatMap({ Int($0.trimmed) }), let endpoint = Endpoint(node: node, port: port)
    else { return nil }
    (self.endpoint, job) = (endpoint, t["JOB_ID"].flatMap { JobID($0.trimmed) })
  }
}
