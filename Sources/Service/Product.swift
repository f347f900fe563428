/// What all programs of the product share.
public enum Product {
    /// By semver.org.
    public static var version: StaticString { "0.1.0" }
}
