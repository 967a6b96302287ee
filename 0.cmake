find_package(scout 0.1 REQUIRED)
target_link_libraries(service PRIVATE scout::scout)
