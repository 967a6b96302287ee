include(FetchContent)
FetchContent_Declare(scout GIT_REPOSITORY "${SCOUT_REPOSITORY}" GIT_TAG v0.1.0 SOURCE_SUBDIR packaging/cmake)
FetchContent_MakeAvailable(scout)
target_link_libraries(service PRIVATE scout::scout)
