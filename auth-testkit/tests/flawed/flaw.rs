//! The mistakes.

/// What is wrong with a store. Each is a mistake that somebody could make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// Nothing: the suite must pass, or the others prove nothing.
    None,

    // Tenants.
    DefaultTenantIsNotMade,
    AnyTenantHasUsers,
    TenantIsMadeOnce,
    TenantIsIgnored,

    // Users.
    IdentifierIsComparedAsTyped,
    OriginalIsLost,
    SignUpLooksThenWrites,
    SignUpOverwrites,
    UserIdOverwrites,
    NoPasswordIsEmpty,
    NullIsNeverEqual,
    RolesAreLost,
    ListsAreJoined,
    TextIsCut,
    NulEndsText,
    HashComparesWithoutCase,
    SignUpReservesFirst,

    // Changes of users.
    SeenHashIsIgnored,
    SeenHashIsReadThenWritten,
    RevocationsAreNotReturned,
    VersionIsReadThenWritten,
    RolesEndSessions,
    StatusIsOnlyOnce,
    DisabledMayChangePassword,
    ChangeIsTwoSteps,
    GhostsAreChanged,

    // Opening sessions.
    SeenIsIgnored,
    SeenIsReadThenWritten,
    SessionIdOverwrites,
    DeviceIsLost,
    LogInGoesOnWhenDropped,
    SecondSessionReplacesFirst,

    // Rotating.
    RotationIsFromAStaleRead,
    StandingIsFromAStaleRead,
    StandingIsNotChecked,
    UserIsFromTheLogIn,
    RolesAreFromTheLogIn,
    RevokedIsNotChecked,
    ClientIsNotChecked,
    UnknownIsEnded,
    ReplayIsRefused,
    ReplayIsRotation,
    ReplayExtendsIdle,
    ReplayNamesItsOwnRoot,
    RootIsNeverMoved,
    GraceIsOneTooLong,
    GraceIsUnbounded,
    GraceOfTheNextTokenCounts,
    SupersededIsReuse,
    SupersededIsReplayOfAnything,
    OldTokensAreForgiven,
    ReuseIsNotLogged,
    ReuseLeavesTheSession,
    ConflictIsForgiven,
    FutureIsForgiven,
    SpentSecretIsNotChecked,
    TimesAreNotMoved,
    IdleIsNotChecked,
    IdleEndsEarly,
    AbsoluteIsExtended,
    AbsoluteIsNotChecked,
    RotationIsTwoSteps,
    TimesOverflow,
    EveryReuseIsFound,

    // Ending and listing sessions.
    EndsAnybodys,
    EndsOnceMore,
    EndsAllForOne,
    EndIsLater,
    EndReadsThenWrites,
    EndOfAllLoops,
    EndOfAllOnce,
    EndOfGhostsCounts,
    EndIsTwoSteps,
    ExpiredIsNotEnded,
    ListIsOldestFirst,
    ListHasTheDead,

    // The log and the settings.
    LogForgetsUsers,
    LogForgetsSessions,
    LogHidesTheLast,
    LogIgnoresTheCursor,
    LogTrustsForeignCursors,
    LogNumbersStartAgain,
    LogNeverForgets,
    MemoryIsShort,
    LifetimeFalls,
    LifetimeIsReadThenWritten,
    IdentityIsPerHandle,

    // Keys, and connections.
    EveryKeyIsStored,
    LastKeyIsStored,
    KeyIsCut,
    ConnectionsLeak,
}
